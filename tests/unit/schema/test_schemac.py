#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/schemac refuses what it does not understand, naming file and line, and compiles the rest."""
import os
import subprocess
import sys
import tempfile
import unittest

SCHEMAC = sys.argv.pop(1)
HEAD = 'group example.org v1\norder 1\npackage ex v1 io.example.v1\n'
GOOD = HEAD + '''
alias Color string
type Meta
	name 1 string
type Thing kind
	%typemeta
	metadata 1 Meta
	color 2 *Color enum=red|green default="red"
	list 3 []Meta always list=map(name) patch=merge(name)+retainKeys
	%inline 4 Part
	%fill color absent if metadata.name nonempty and any(list set , all(color unset , metadata.name eq "x")) = "green"
type Part
	size 1 int32 always required
resource things Thing namespaced
	singular thing
	verbs all
	strategy create-on-update
	on create,update remove list[].name
	generation 1 color
	column Name string name 0 : string metadata.name
	column "Of Age" string - 1 "how old" : age metadata.when "<none>"
	select metadata.name
	subresource status Thing get
		on update keep color
'''


def compile_text(text, words=''):
    with tempfile.TemporaryDirectory() as d:
        src, said, out = os.path.join(d, 'x.schema'), os.path.join(d, 'x.words'), os.path.join(d, 'x.c')
        for path, content in ((src, text), (said, words)):
            with open(path, 'w', encoding='utf-8') as f:
                f.write(content)
        p = subprocess.run([sys.executable, SCHEMAC, '-o', out, src, said], capture_output=True, text=True, check=False)
        made = ''
        if os.path.exists(out):
            with open(out, encoding='utf-8') as f:
                made = f.read()
        return p.returncode, p.stderr, made


class Schemac(unittest.TestCase):
    def test_good(self):
        code, err, made = compile_text(GOOD)
        self.assertEqual((code, err), (0, ''))
        for part in ('"io.example.v1.Thing"', '"[]v1.Meta"', 'COND_ANY, 4', '"Of Age", "string", "", "how old", 1', 'FIELD_MERGE | FIELD_RETAIN_KEYS',
                     'PREP_CREATE | PREP_UPDATE, PREP_REMOVE', '"v1.Color"'):
            self.assertIn(part, made)

    def test_words(self):
        code, err, made = compile_text(GOOD, '*\n\tname What it is called\nex.Thing A thing\n\tcolor Its "colour"\n')
        self.assertEqual((code, err), (0, ''))
        for part in ('"A thing"', r'"Its \"colour\""', '"What it is called"'):
            self.assertIn(part, made)

    def test_words_about_nothing(self):
        for words, why in (('ex.Thing A\n\tcolour X\n', 'x.words:2: ex.Thing has no member colour'), ('ex.No A\n', 'x.words:1: no type ex.No'),
                           ('*\n\tcolour X\n', 'x.words:2: no type has a member colour'), ('ex.Thing\n', 'x.words:1: says nothing'), ('\tcolor X\n', 'belongs to nothing')):
            code, err, _ = compile_text(GOOD, words)
            self.assertNotEqual(code, 0)
            self.assertIn(why, err)

    def refuses(self, line, why, at=4, head=HEAD):
        code, err, made = compile_text(head + line + '\n')
        self.assertEqual(code, 1, line)
        self.assertIn('x.schema:%d: ' % at, err)
        self.assertIn(why, err)
        self.assertEqual(made, '')

    def test_lines(self):
        self.refuses('nonsense x', 'unknown keyword')
        self.refuses('type A sideways', 'unknown word')
        self.refuses('type A\n\tname 1 Nowhere', 'no type', at=5)
        self.refuses('type A\n\tname 1', 'type is missing', at=5)
        self.refuses('type A\n\tname 1 string colour', 'unknown attribute', at=5)
        self.refuses('type A\n\tname 1 string\n\tname 2 string', 'clash')
        self.refuses('type A\ntype A', 'exists twice', at=5)
        self.refuses('type A\n\tname 1 string\n\t%fill name sometimes = 1', 'is none of', at=6)
        self.refuses('type A\n\tname 1 string\n\t%fill name absent if name resembles 1 = 2', 'unknown operator', at=6)
        self.refuses('type A\n\tname 1 string\n\t%fill name absent = {', 'bad JSON', at=6)
        self.refuses('resource as A\n\tverbs dance', 'unknown verb', at=5)
        self.refuses('resource as A\n\ton sunday keep x', 'bad "on"', at=5)
        self.refuses('resource as A', 'no kind A')
        self.refuses('type A', 'no package', at=1, head='')


if __name__ == '__main__':
    unittest.main()
