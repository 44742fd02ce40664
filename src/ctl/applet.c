/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/applet.h"
#include "ctl/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define COPY_BUFFER (64u * 1024u)

/* ---- sleep NUMBER[smhd]... ---- */

static const struct { char suffix; double seconds; } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };

static int sleep_add(const char *text, double *seconds) {
	char *end;
	errno = 0;
	double n = strtod(text, &end), unit = *end ? 0 : 1;
	for (size_t i = 0; i < ELEMENTSOF(units) && *end && !end[1]; i++)
		if (units[i].suffix == *end) unit = units[i].seconds;
	/* "infinity" is a number, "nan" is none. */
	if (end == text || unit <= 0 || isnan(n) || n < 0) return -EINVAL;
	*seconds += n * unit;
	return 0;
}

static void end_now(int sig) { _exit(128 + sig); }

static int sleep_main(int argc, char **argv) {
	double seconds = 0;
	if (argc < 2) return dprintf(2, "sleep: missing operand\n"), 1;
	for (int i = 1; i < argc; i++)
		if (sleep_add(argv[i], &seconds) < 0) return dprintf(2, "sleep: invalid time interval '%s'\n", argv[i]), 1;
	/* The first process of a container is asked to end by signals that do nothing by themselves. */
	if (getpid() == 1) {
		(void)signal(SIGTERM, end_now);
		(void)signal(SIGINT, end_now);
	}
	if (seconds >= (double)INT32_MAX)
		for (;;) (void)pause();
	struct timespec left = { .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - floor(seconds)) * 1e9) };
	while (nanosleep(&left, &left) < 0 && errno == EINTR) continue;
	return 0;
}

/* ---- cat [FILE | -]... ---- */

static int copy(int fd) {
	static char buffer[COPY_BUFFER];
	for (;;) {
		ssize_t n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return n < 0 ? -errno : 0;
		int r = write_all(1, slice_make(buffer, (size_t)n));
		if (r < 0) return r;
	}
}

static int cat_one(const char *name) {
	bool input = !strcmp(name, "-");
	int fd = input ? 0 : open(name, O_RDONLY | O_CLOEXEC), r = fd < 0 ? -errno : copy(fd);
	if (fd > 0) close(fd);
	if (r < 0) dprintf(2, "cat: %s: %s\n", name, strerror(-r));
	return r < 0;
}

static int cat_main(int argc, char **argv) {
	int code = 0, first = argc > 1 && (!strcmp(argv[1], "--") || !strcmp(argv[1], "-u")) ? 2 : 1;
	if (argc > first && argv[first][0] == '-' && argv[first][1] && first == 1)
		return dprintf(2, "cat: unrecognized option '%s'\n", argv[first]), 1;
	if (argc <= first) return cat_one("-");
	for (int i = first; i < argc; i++) code |= cat_one(argv[i]);
	return code;
}

static int true_main(int argc, char **argv) { return (void)argc, (void)argv, 0; }

static const struct { const char *name; int (*main)(int argc, char **argv); } applets[] = {
	{ "cat", cat_main }, { "sleep", sleep_main }, { "true", true_main },
};

bool applet_run(int argc, char **argv, int *ret) {
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL, *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
	for (size_t i = 0; i < ELEMENTSOF(applets); i++) {
		if (strcmp(applets[i].name, name) != 0) continue;
		*ret = applets[i].main(argc, argv);
		return true;
	}
	return false;
}
