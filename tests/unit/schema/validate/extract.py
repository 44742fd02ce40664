#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns recorded scenarios into samples for test_validate: extract.py FOLDER > samples.json.

A sample is a request that creates or replaces an object of a built-in kind, the object it replaces, and the causes of the
recorded refusal (none when it was accepted)."""
import glob
import json
import os
import re
import sys

RUN = 'x7k2p'
# Refusals that other parts of the API utter: address and port allocation, query options, managed fields, the store.
ELSEWHERE = re.compile(r'failed to allocate|already allocated|valid range|not configured|dryRun|fieldValidation|managedFields|<generated>|Invalid value: 0: must be specified')
PATH = re.compile(r'^/(?:api/(?P<v1>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))(?:/namespaces/(?P<ns>[^/]+))?/(?P<resource>[^/]+)'
                  r'(?:/(?P<name>[^/]+)(?:/(?P<sub>[^/]+))?)?$')


def fill(value, names):
    text = json.dumps(value)
    for _ in range(3):
        for k, v in names.items():
            text = text.replace('${%s}' % k, v)
    return json.loads(text)


def place(path):
    """Group, version, resource, namespace, name, subresource of a request's path."""
    if re.match(r'^/api/v1/namespaces(/[^/]+(/(status|finalize))?)?$', path):
        parts = path.split('/')[4:]
        return ['', 'v1', 'namespaces', '', parts[0] if parts else '', parts[1] if len(parts) > 1 else '']
    m = PATH.match(path)
    if not m:
        return None
    return [m['group'] or '', m['version'] or 'v1', m['resource'], m['ns'] or '', m['name'] or '', m['sub'] or '']


def warnings(expect):
    """Warning texts but those of decoding, admission and deprecated APIs."""
    lines = (expect.get('headers') or {}).get('Warning') or []
    texts = [json.loads(l[len('299 - '):]) for l in ([lines] if isinstance(lines, str) else lines)]
    return [t for t in texts if not re.match(r'(unknown|duplicate) field|would violate PodSecurity|v1 Endpoints is deprecated', t)]


def samples(scenario):
    names = dict(scenario.get('vars', {}), run=RUN)
    stored, last = {}, None
    for step in scenario.get('setup', []) + scenario.get('steps', []):
        method, path = step.get('method', 'GET'), fill(step.get('path', ''), names)
        where, expect, body = place(path), step.get('expect') or {}, step.get('body')
        status, answer = expect.get('status'), fill(expect.get('body'), names)
        if not where or step.get('query', {}).get('dryRun') or not isinstance(body, (dict, type(None))):
            continue
        body = fill(body, names)
        key = '/'.join(where[:5])
        whole = isinstance(answer, dict) and answer.get('metadata', {}).get('name')
        if method == 'POST' and not where[4] and isinstance(body, dict):
            name = body.get('metadata', {}).get('name', '')
            if status in (201, 422) and '${' not in json.dumps(body):
                causes = answer.get('details', {}).get('causes', []) if status == 422 else []
                yield dict(id='%s/%s' % (scenario['name'], step.get('id')), op='create', where=where, object=body, causes=causes,
                           warnings=warnings(expect))
            if status in (201, None):
                stored['/'.join(where[:4] + [name])] = answer if whole and step.get('compare', 'exact') == 'exact' else body
        elif method == 'PUT' and isinstance(body, dict) and key in stored:
            if status in (200, 422) and '${' not in json.dumps(body):
                causes = answer.get('details', {}).get('causes', []) if status == 422 else []
                yield dict(id='%s/%s' % (scenario['name'], step.get('id')), op='update', where=where, object=body, old=stored[key], causes=causes,
                           warnings=warnings(expect))
        if whole and status == 200 and step.get('compare', 'exact') == 'exact' and not where[5] and not step.get('only'):
            stored['/'.join(where[:4] + [answer['metadata']['name']])] = answer


def main(args):
    out = []
    for path in sorted(glob.glob(os.path.join(args[0], '*.json'))):
        with open(path, encoding='utf-8') as f:
            out += samples(json.load(f))
    out = [s for s in out if not ELSEWHERE.search(json.dumps(s['causes']))]
    print('[\n' + ',\n'.join(json.dumps(s, separators=(',', ':')) for s in out) + '\n]')


if __name__ == '__main__':
    main(sys.argv[1:])
