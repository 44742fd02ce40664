/* SPDX-License-Identifier: Apache-2.0 */
/* k8ctl: kubectl in C. */
#include "ctl/command.h"

int main(int argc, char **argv) { return command_main(argc, argv); }
