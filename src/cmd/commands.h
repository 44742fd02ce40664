/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of k8c. argv[0] is the command's name; each returns the exit status: 0, 1 for failure, 2 for wrong usage. */
#pragma once

int server_main(int argc, char **argv);
int cleanup_main(int argc, char **argv);
int backup_main(int argc, char **argv);
int restore_main(int argc, char **argv);
