/* SPDX-License-Identifier: Apache-2.0 */
/* k8ctl: kubectl in C. */
#include "ctl/applet.h"
#include "ctl/command.h"

#ifdef K8CTL_STATIC
#include <nss.h>

/* What an image's nsswitch.conf names besides these would be loaded from libraries that belong to another glibc. These two are
 * part of the program. */
static void names_without_modules(void) { (void)__nss_configure_lookup("hosts", "files dns"); }
#else
static void names_without_modules(void) {}
#endif

int main(int argc, char **argv) {
	int code;
	names_without_modules();
	return applet_run(argc, argv, &code) ? code : command_main(argc, argv);
}
