/* SPDX-License-Identifier: Apache-2.0 */
/* k8c: Kubernetes' API access, end to end. */
#include "cmd/commands.h"
#include "base/compiler.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int version_main(int argc k8c_unused, char **argv k8c_unused) {
	printf("k8c " K8C_VERSION " (Kubernetes v1.34)\n");
	return 0;
}

static const struct { const char *name; int (*main)(int argc, char **argv); const char *about; } commands[] = {
	{ "server", server_main, "run the API server, controllers, scheduler and, as root, the node agent" },
	{ "cleanup", cleanup_main, "remove what the node agent made on this machine" },
	{ "backup", backup_main, "copy a data directory's database to a file" },
	{ "restore", restore_main, "put a backup in place of a data directory's database" },
	{ "version", version_main, "print the version" },
};

static int usage(FILE *to) {
	fprintf(to, "k8c: Kubernetes' API access, end to end\n\nUsage:\n  k8c COMMAND [flags]\n\nCommands:\n");
	for (size_t i = 0; i < ELEMENTSOF(commands); i++) fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].about);
	fprintf(to, "\n`k8c COMMAND --help` tells a command's flags.\n");
	return to == stdout ? 0 : 2;
}

int main(int argc, char **argv) {
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) return usage(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) return usage(stdout);
	for (size_t i = 0; i < ELEMENTSOF(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0) return commands[i].main(argc - 1, argv + 1);
	fprintf(stderr, "k8c: unknown command \"%s\"\n", argv[1]);
	return usage(stderr);
}
