/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/html_links.h"

#include <ctype.h>
#include <errno.h>

/* Attributes that hold URLs, by element (k8s.io/apimachinery/pkg/util/proxy/transport.go, after HTML 4 and 5). */
static const struct { const char *element, *attributes[4]; } urls[] = {
	{ "a", { "href" } }, { "applet", { "codebase" } }, { "area", { "href" } }, { "audio", { "src" } }, { "base", { "href" } },
	{ "blockquote", { "cite" } }, { "body", { "background" } }, { "button", { "formaction" } }, { "command", { "icon" } },
	{ "del", { "cite" } }, { "embed", { "src" } }, { "form", { "action" } }, { "frame", { "longdesc", "src" } },
	{ "head", { "profile" } }, { "html", { "manifest" } }, { "iframe", { "longdesc", "src" } },
	{ "img", { "longdesc", "src", "usemap" } }, { "input", { "src", "usemap", "formaction" } }, { "ins", { "cite" } },
	{ "link", { "href" } }, { "object", { "classid", "codebase", "data", "usemap" } }, { "q", { "cite" } }, { "script", { "src" } },
	{ "source", { "src" } }, { "video", { "poster", "src" } },
};
/* Elements whose content is text up to their end tag. */
static const char *const raw[] = { "iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp" };

enum state { TEXT, OPEN, TAG, MARKUP, COMMENT, RAW, RAW_END };

struct html_links {
	int (*rewrite)(void *ctx, struct slice url, struct buf *out);
	void *ctx;
	enum state state;
	struct buf held;      /* a tag from its '<' on */
	char quote, before;   /* TAG: inside a quoted value; the last character that is no blank */
	unsigned dashes;      /* COMMENT: just seen */
	const char *raw;      /* RAW: the element */
	size_t matched;       /* RAW: of "</name" */
};

struct html_links *html_links_new(int (*rewrite)(void *ctx, struct slice url, struct buf *out), void *ctx) {
	struct html_links *l = calloc(1, sizeof(*l));
	if (l) *l = (struct html_links){ .rewrite = rewrite, .ctx = ctx, .held = BUF_INIT(HTML_TAG_MAX) };
	return l;
}

struct html_links *html_links_free(struct html_links *l) {
	if (l) buf_done(&l->held);
	free(l);
	return NULL;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

/* ---- a whole start tag ---- */

static bool is_url(struct slice element, struct slice attribute) {
	for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
		if (!slice_ieq(element, slice_str(urls[i].element))) continue;
		for (size_t k = 0; k < ELEMENTSOF(urls[i].attributes) && urls[i].attributes[k]; k++)
			if (slice_ieq(attribute, slice_str(urls[i].attributes[k]))) return true;
	}
	return false;
}

static struct slice skip_blanks(struct slice s) {
	while (s.n && is_blank(s.p[0])) s = slice_from(s, 1);
	return s;
}

static struct slice take_name(struct slice *s, const char *ends) {
	size_t n = 0;
	while (n < s->n && !is_blank(s->p[n]) && !(s->p[n] && strchr(ends, s->p[n]))) n++;
	struct slice name = slice_upto(*s, n);
	*s = slice_from(*s, n);
	return name;
}

/* Behind the '='. */
static struct slice take_value(struct slice *s) {
	char q = s->n ? s->p[0] : 0;
	if (q != '"' && q != '\'') return take_name(s, ">");
	*s = slice_from(*s, 1);
	ptrdiff_t at = slice_chr(*s, q);
	struct slice value = at < 0 ? *s : slice_upto(*s, (size_t)at);
	*s = at < 0 ? SLICE_NULL : slice_from(*s, (size_t)at + 1);
	return value;
}

/* One attribute; false at the tag's end. *ret_value is SLICE_NULL when it has none. */
static bool take_attribute(struct slice *s, struct slice *ret_name, struct slice *ret_value) {
	while (s->n && (is_blank(s->p[0]) || s->p[0] == '/')) *s = slice_from(*s, 1);
	if (!s->n || s->p[0] == '>') return false;
	/* A '=' in front belongs to the name. */
	struct slice rest = slice_from(*s, 1);
	struct slice more = take_name(&rest, "/=>");
	*ret_name = slice_make(s->p, 1 + more.n);
	*ret_value = SLICE_NULL;
	*s = skip_blanks(rest);
	if (s->n && s->p[0] == '=') {
		*s = skip_blanks(slice_from(*s, 1));
		*ret_value = take_value(s);
	}
	return true;
}

static const char *raw_element(struct slice name) {
	for (size_t i = 0; i < ELEMENTSOF(raw); i++)
		if (slice_ieq(name, slice_str(raw[i]))) return raw[i];
	return NULL;
}

static int put_tag(struct html_links *l, struct buf *out) {
	struct slice tag = buf_slice(&l->held), s = slice_from(tag, 1), attribute, value;
	struct slice element = take_name(&s, "/>");
	const char *from = tag.p;
	while (take_attribute(&s, &attribute, &value)) {
		if (!value.p || !is_url(element, attribute)) continue;
		buf_put(out, from, (size_t)(value.p - from));
		int r = l->rewrite(l->ctx, value, out);
		if (r < 0) return r;
		if (r == 0) buf_put_slice(out, value);
		from = value.p + value.n;
		if (out->err) return out->err;
	}
	buf_put(out, from, (size_t)(tag.p + tag.n - from));
	l->raw = raw_element(element);
	l->state = l->raw ? RAW : TEXT;
	l->matched = 0;
	buf_clear(&l->held);
	return out->err;
}

static void flush(struct html_links *l, enum state next, struct buf *out) {
	buf_put_slice(out, buf_slice(&l->held));
	buf_clear(&l->held);
	l->state = next;
}

/* ---- states; each takes one byte ---- */

static void open(struct html_links *l, char c, struct buf *out) {
	if (c == '<') {
		flush(l, OPEN, out);
		buf_putc(&l->held, c);
		return;
	}
	buf_putc(&l->held, c);
	if (isalpha((unsigned char)c)) l->state = TAG, l->quote = 0, l->before = c;
	else if (c == '/' || c == '!' || c == '?') l->state = MARKUP;
	else flush(l, TEXT, out);
}

static int tag(struct html_links *l, char c, struct buf *out) {
	if (buf_putc(&l->held, c) < 0) {
		l->held.err = 0;
		flush(l, TEXT, out);
		return buf_putc(out, c);
	}
	if (l->quote) {
		if (c == l->quote) l->quote = 0;
	} else if ((c == '"' || c == '\'') && l->before == '=') {
		l->quote = c;
		return 0;
	} else if (c == '>') {
		return put_tag(l, out);
	}
	if (!is_blank(c)) l->before = c;
	return 0;
}

static void markup(struct html_links *l, char c, struct buf *out) {
	if (l->held.n) buf_putc(&l->held, c);
	else buf_putc(out, c);
	if (l->held.n == 4 && slice_eqs(buf_slice(&l->held), "<!--")) {
		l->dashes = 2;
		flush(l, COMMENT, out);
	} else if (c == '>') {
		flush(l, TEXT, out);
	} else if (l->held.n >= 4) {
		flush(l, MARKUP, out);
	}
}

static void comment(struct html_links *l, char c, struct buf *out) {
	buf_putc(out, c);
	if (c == '>' && l->dashes >= 2) l->state = TEXT;
	l->dashes = c == '-' ? l->dashes + 1 : 0;
}

/* The bytes are out already; what matters is where the element ends. */
static void raw_text(struct html_links *l, char c, struct buf *out) {
	size_t n = strlen(l->raw);
	buf_putc(out, c);
	if (l->matched == n + 2) {
		l->state = c == '>' ? TEXT : is_blank(c) || c == '/' ? RAW_END : RAW;
		l->matched = 0;
	}
	char want = l->matched == 0 ? '<' : l->matched == 1 ? '/' : l->raw[l->matched - 2];
	l->matched = tolower((unsigned char)c) == want ? l->matched + 1 : c == '<';
}

static int step(struct html_links *l, char c, struct buf *out) {
	switch (l->state) {
	case OPEN: open(l, c, out); break;
	case TAG: return tag(l, c, out);
	case MARKUP: markup(l, c, out); break;
	case COMMENT: comment(l, c, out); break;
	case RAW: raw_text(l, c, out); break;
	case RAW_END:
		buf_putc(out, c);
		if (c == '>') l->state = TEXT;
		break;
	case TEXT: break;
	}
	return out->err;
}

int html_links_feed(struct html_links *l, struct slice bytes, bool last, struct buf *out) {
	int r = 0;
	while (bytes.n && r == 0) {
		if (l->state != TEXT) {
			r = step(l, bytes.p[0], out);
			bytes = slice_from(bytes, 1);
			continue;
		}
		ptrdiff_t at = slice_chr(bytes, '<');
		r = buf_put_slice(out, at < 0 ? bytes : slice_upto(bytes, (size_t)at));
		bytes = at < 0 ? SLICE_NULL : slice_from(bytes, (size_t)at + 1);
		if (at < 0) continue;
		l->state = OPEN;
		buf_putc(&l->held, '<');
		if (l->held.err) r = -ENOMEM;
	}
	if (r == 0 && last) flush(l, TEXT, out);
	return r < 0 ? r : out->err;
}
