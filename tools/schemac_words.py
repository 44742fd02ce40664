# SPDX-License-Identifier: Apache-2.0
"""Reads schema/words/*.words, short descriptions of types and their members, and gives them to the model."""
from schemac_parse import SchemaError, lines_of

ANY_TYPE = '*'


def parse_words(path):
    """[(where, type, member or None, text)]"""
    out, block = [], None
    for line in lines_of(path):
        name, _, text = line.text.partition(' ')
        if line.depth > 1 or (line.depth == 1 and block is None):
            line.fail('belongs to nothing')
        if line.depth == 0:
            block = name
        if not text and (line.depth == 1 or name != ANY_TYPE):
            line.fail('says nothing')
        if text:
            out.append((line.where, block, name if line.depth else None, text))
    return out


def describe(model, files):
    """Puts the words where they belong; common ones where nothing else is said."""
    words = [w for f in files for w in f]
    common = {member: (where, text) for where, type_, member, text in words if type_ == ANY_TYPE}
    for where, type_, member, text in words:
        if type_ != ANY_TYPE:
            describe_one(model, where, type_, member, text)
    used = set()
    for e in model.entries:
        for f in e.fields:
            if f.name in common and f.description is None:
                f.description = common[f.name][1]
                used.add(f.name)
    for name, (where, _) in common.items():
        if name not in used:
            raise SchemaError('%s: no type has a member %s' % (where, name))


def describe_one(model, where, type_, member, text):
    entry = model.by_type[model.lookup(where, type_, '')]
    fields = [f for f in entry.fields if f.name == member]
    if member is None:
        entry.description = text
    elif fields:
        fields[0].description = text
    else:
        raise SchemaError('%s: %s has no member %s' % (where, type_, member))
