/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/nft.h"

#include <dlfcn.h>
#include <errno.h>
#include <nftables/libnftables.h>
#include <pthread.h>
#include <string.h>

#define NFT_LIBRARY "libnftables.so.1"
#define NFT_WHY_MAX 500

/* The calls in use, in the order of their names below. */
static struct {
	__typeof__(&nft_ctx_new) ctx_new;
	__typeof__(&nft_ctx_free) ctx_free;
	__typeof__(&nft_ctx_buffer_error) buffer_error;
	__typeof__(&nft_ctx_buffer_output) buffer_output;
	__typeof__(&nft_ctx_get_error_buffer) error_text;
	__typeof__(&nft_run_cmd_from_buffer) run;
} nft;
static const char *const names[] = { "nft_ctx_new", "nft_ctx_free", "nft_ctx_buffer_error", "nft_ctx_buffer_output",
	"nft_ctx_get_error_buffer", "nft_run_cmd_from_buffer" };
_Static_assert(sizeof(nft) == sizeof(names), "a name for each call");

static char *why_not; /* NULL: loaded */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void) {
	/* Stays loaded as long as the program runs. */
	void *lib = dlopen(NFT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
	void **slot = (void **)(void *)&nft;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		slot[i] = lib ? dlsym(lib, names[i]) : NULL;
		if (slot[i] || why_not) continue;
		const char *text = dlerror();
		why_not = strndup(text ? text : NFT_LIBRARY ": a call is missing", NFT_WHY_MAX);
	}
}

int nft_run(const char *rules, char **ret_why) {
	pthread_once(&once, load);
	if (why_not || !nft.run) {
		if (ret_why) *ret_why = why_not ? strdup(why_not) : NULL;
		return -ENOENT;
	}
	struct nft_ctx *ctx = nft.ctx_new(NFT_CTX_DEFAULT);
	if (!ctx) return -ENOMEM;
	nft.buffer_error(ctx);
	nft.buffer_output(ctx);
	int r = nft.run(ctx, rules) == 0 ? 0 : -EIO;
	if (r < 0 && ret_why) {
		const char *text = nft.error_text(ctx);
		*ret_why = text ? strndup(text, NFT_WHY_MAX) : NULL;
	}
	nft.ctx_free(ctx);
	return r;
}
