// The official Node client against the cluster of $KUBECONFIG: discovers, creates, watches, patches, pages, deletes.
import assert from 'node:assert/strict';
import * as k8s from '@kubernetes/client-node';

const config = new k8s.KubeConfig();
config.loadFromFile(process.env.KUBECONFIG);
const core = config.makeApiClient(k8s.CoreV1Api);
const namespace = 'default';

const groups = (await config.makeApiClient(k8s.ApisApi).getAPIVersions()).groups.map(g => g.name);
assert(groups.includes('rbac.authorization.k8s.io'));

await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'node' }, data: { a: '1' } } });
const seen = [];
const watcher = new k8s.Watch(config);
let over;
const ended = new Promise(resolve => { over = resolve; });
const request = await watcher.watch(`/api/v1/namespaces/${namespace}/configmaps`, { fieldSelector: 'metadata.name=node' },
  (type, object) => { seen.push([type, object.data.a]); if (type === 'DELETED') over(); }, () => over());
const until = async condition => { for (let i = 0; i < 200 && !condition(); i++) await new Promise(r => setTimeout(r, 50)); };
await until(() => seen.length === 1);

const patched = await core.patchNamespacedConfigMap({ namespace, name: 'node', body: [{ op: 'replace', path: '/data/a', value: '2' }] },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.JsonPatch));
assert.equal(patched.data.a, '2');
await core.deleteNamespacedConfigMap({ namespace, name: 'node' });
await Promise.race([ended, new Promise(r => setTimeout(r, 10000))]);
request.abort();
assert.deepEqual(seen, [['ADDED', '1'], ['MODIFIED', '2'], ['DELETED', '2']]);

for (let i = 0; i < 5; i++) await core.createNamespacedSecret({ namespace, body: { metadata: { name: `node-${i}`, labels: { page: 'node' } } } });
const names = [];
let token;
do {
  const page = await core.listNamespacedSecret({ namespace, labelSelector: 'page=node', limit: 2, _continue: token });
  names.push(...page.items.map(s => s.metadata.name));
  token = page.metadata._continue;
} while (token);
assert.deepEqual(names, [0, 1, 2, 3, 4].map(i => `node-${i}`));

const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/secrets`, () => core.listNamespacedSecret({ namespace }));
const informed = new Set();
informer.on('add', o => informed.add(o.metadata.name));
await informer.start();
await until(() => informed.size >= 5);
await informer.stop();
assert(names.every(n => informed.has(n)));

await core.deleteCollectionNamespacedSecret({ namespace, labelSelector: 'page=node' });
await assert.rejects(core.readNamespacedPod({ namespace, name: 'none' }), error => error.code === 404);
console.log('ok');
process.exit(0);
