/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subset of the jq language (jq 1.6/1.7) over JSON trees. Pure.
 *
 *   paths         .  .a  ."a b"  .a.b  .["a"]  .[0]  .[-1]  .[1:3]  .[]  EXPR?
 *   joining       A | B   A, B   (EXPR)   A // B   if A then B elif C then D else E end
 *   values        1  1.5  "text"  "with \(EXPR) in it"  true false null  [EXPR]  {a: EXPR, b, "c": EXPR, (EXPR): EXPR}
 *   operators     + - * / %   == != < <= > >=   and or
 *   functions     the table in jq_call.c: select, map, keys, length, has, sort_by, to_entries, test-free text functions, ...
 *   formats       @text @json @base64 @base64d @tsv
 *
 * Variables, definitions, reduce, foreach, recursion, regular expressions and assignments are not among it. Arrays and objects are
 * ordered by their text.
 */
#pragma once

#include "codec/json.h"

#define JQ_DEPTH_MAX 100u          /* nesting of an expression */
#define JQ_NODES_MAX 4000u
#define JQ_OUTPUTS_MAX 1000000u    /* values that a part of an expression may give */
#define JQ_STEPS_MAX 50000000u     /* evaluations of parts */

struct jq;
/* 0; -EBADMSG with a sentence in *ret_msg (in the arena); -E2BIG; -ENOMEM. */
int jq_parse(struct arena *a, struct slice text, struct jq **ret, const char **ret_msg);
/* The outputs for one input, in `a`; they may share parts with the input. 0; -EBADMSG with a sentence in *ret_msg: what came before
 * it is in the outputs all the same; -E2BIG; -ENOMEM. */
int jq_eval(const struct jq *q, struct arena *a, yyjson_mut_val *in, yyjson_mut_val ***ret, size_t *ret_n, const char **ret_msg);
