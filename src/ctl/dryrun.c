/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/dryrun.h"
#include "ctl/session.h"

const struct flag dryrun_flags[] = {
	{ "dry-run", FLAG_STRING, "none", 0, "unchanged", "none, client (send nothing), server (try it only)" },
	{ 0 },
};

static const struct { const char *text; enum dryrun mode; } modes[] = {
	{ "none", DRYRUN_NONE }, { "client", DRYRUN_CLIENT }, { "server", DRYRUN_SERVER },
};

int dryrun_check(struct ctl *c) {
	const char *text = flag_text(&c->flags, "dry-run");
	for (size_t i = 0; i < ELEMENTSOF(modes); i++)
		if (!strcmp(text, modes[i].text)) return 0;
	if (!strcmp(text, "unchanged"))
		return ctl_fail(c, "--dry-run flag without a value was specified. A value must be set: \"none\", \"server\", or \"client\".");
	return ctl_fail(c, "Invalid dry-run value (%s). Must be \"none\", \"server\", or \"client\".", text);
}

enum dryrun dryrun_mode(const struct ctl *c) {
	if (!flags_have(&c->flags, "dry-run")) return DRYRUN_NONE;
	const char *text = flag_text(&c->flags, "dry-run");
	for (size_t i = 0; i < ELEMENTSOF(modes); i++)
		if (!strcmp(text, modes[i].text)) return modes[i].mode;
	return DRYRUN_NONE;
}

void dryrun_query(struct ctl *c, struct buf *query, const char *manager) {
	if (dryrun_mode(c) == DRYRUN_SERVER) query_add(query, "dryRun", "All");
	const char *given = flags_have(&c->flags, "field-manager") ? flag_text(&c->flags, "field-manager") : "";
	query_add(query, "fieldManager", *given ? given : manager);
}
