/* SPDX-License-Identifier: Apache-2.0 */
/* `k8c backup FILE` (while the server runs) and `k8c restore FILE` (while it does not). */
#include "cmd/commands.h"
#include "cmd/flags.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

struct job { const char *data_dir, *file; };

/* 0, 1 after --help, -EINVAL with the sentence printed. */
static int job_parse(struct job *j, const char *name, const char *about, int argc, char **argv) {
	const struct flag flags[] = { { "data-dir", FLAG_STRING, &j->data_dir, "DIR", "the server's data directory (/var/lib/k8c)" } };
	char msg[256], usage[64];
	int operands;
	*j = (struct job){ .data_dir = "/var/lib/k8c" };
	snprintf(usage, sizeof(usage), "k8c %s FILE [--data-dir DIR]", name);
	int r = flags_parse(flags, ELEMENTSOF(flags), argc, argv, &operands, msg, sizeof(msg));
	if (r == 1) flags_help(usage, about, flags, ELEMENTSOF(flags));
	else if (r == 0 && operands != 1) r = -EINVAL, snprintf(msg, sizeof(msg), "one file name is needed: %s", usage);
	if (r < 0) fprintf(stderr, "k8c %s: %s\n", name, msg);
	if (r == 0) j->file = argv[0];
	return r;
}

static int report(const char *name, int r, const char *why) {
	if (r < 0) fprintf(stderr, "k8c %s: %s\n", name, why && *why ? why : strerror(-r));
	return r < 0 ? 1 : 0;
}

int backup_main(int argc, char **argv) {
	struct job j;
	char path[PATH_MAX];
	const char *why = NULL;
	int r = job_parse(&j, "backup", "Copies the database of a data directory to FILE, while the server runs or not.", argc, argv);
	if (r != 0) return r < 0 ? 2 : 0;
	snprintf(path, sizeof(path), "%s/state.db", j.data_dir);
	return report("backup", store_backup_file(path, j.file, &why), why);
}

int restore_main(int argc, char **argv) {
	struct job j;
	char path[PATH_MAX];
	const char *why = NULL;
	int r = job_parse(&j, "restore", "Puts a backup in place of the database of a data directory. The server must not run.", argc, argv);
	if (r != 0) return r < 0 ? 2 : 0;
	snprintf(path, sizeof(path), "%s/lock", j.data_dir);
	_cleanup_close_ int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0) return report("restore", -errno, path);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) return report("restore", -EBUSY, "a k8c server is using this data directory: stop it first");
	snprintf(path, sizeof(path), "%s/state.db", j.data_dir);
	return report("restore", store_restore(j.file, path, &why), why);
}
