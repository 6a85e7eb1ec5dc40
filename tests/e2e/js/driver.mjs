// SPDX-License-Identifier: MIT
// Driver of the JavaScript SDK: requests on standard input, answers and events on
// standard output, one JSON object a line.  rig/sdk.py says what they mean.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { clientEvents, failure, info, pack, publication, subscriptionEvents, unpack } from './convert.mjs';

const require = createRequire(join(process.env.NODE_HOME, 'package.json'));
const sdks = { false: require('centrifuge'), true: require('centrifuge/build/protobuf') };
const websocket = require('ws');

const clients = new Map();	// by the name that the rig gave it: { sdk, binary }
const delays = [10, 100];	// ms between attempts to connect or subscribe

const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

function watch(emitter, events, source) {
	for (const [event, convert] of Object.entries(events)) {
		emitter.on(event, (e) => write({ ...source, event, ctx: convert(e) }));
	}
}

// Questions of the SDK (a token, a state) to the rig; null is no answer.
const questions = new Map();
let asked = 0;

function ask(what, client, channel, none) {
	asked += 1;
	write({ ask: asked, what, client, channel });
	return new Promise((resolve, reject) => {
		questions.set(asked, (value) => (value === null ? reject(none) : resolve(value)));
	});
}

function answer({ answer: number, value }) {
	questions.get(number)(value);
	questions.delete(number);
}

function tokens(wanted, client, channel) {
	if (!wanted) return null;
	const { UnauthorizedError } = sdks[clients.get(client).binary];
	return () => ask('token', client, channel, new UnauthorizedError('no token'));
}

const find = (req) => clients.get(req.client).sdk;
const subscription = (req) => find(req).getSubscription(req.channel);

// What makes the call, and its first arguments: with `sub` the subscription does,
// which waits until it is subscribed.
const caller = (req) => (req.sub ? [subscription(req)] : [find(req), req.channel]);

function publish(req) {
	const [target, ...args] = caller(req);
	return target.publish(...args, pack(req.data, clients.get(req.client).binary));
}

const operations = {
	client({ client, url, binary, options }) {
		clients.set(client, { binary });
		const sdk = new sdks[binary].Centrifuge(url, {
			websocket, minReconnectDelay: delays[0], maxReconnectDelay: delays[1],
			token: options.token ?? '', getToken: tokens(options.get_token, client),
			data: pack(options.data, binary) ?? null, name: options.name, version: options.version,
			...(options.max_server_ping_delay_ms && { maxServerPingDelay: options.max_server_ping_delay_ms }),
		});
		watch(sdk, clientEvents, { client });
		clients.get(client).sdk = sdk;
	},
	connect: (req) => find(req).connect(),
	disconnect: (req) => find(req).disconnect(),
	close(req) {
		find(req).disconnect();
		clients.delete(req.client);
	},
	set_token: (req) => find(req).setToken(req.token),
	subscription(req) {
		const { client, channel, options } = req;
		const sub = find(req).newSubscription(channel, {
			minResubscribeDelay: delays[0], maxResubscribeDelay: delays[1],
			token: options.token ?? '', getToken: tokens(options.get_token, client, channel),
			getState: options.get_state && (() => ask('state', client, channel, new Error('no state'))),
			data: pack(options.data, clients.get(client).binary) ?? null, delta: options.delta,
			tagsFilter: options.tags_filter, positioned: options.positioned,
			recoverable: options.recoverable, joinLeave: options.join_leave,
		});
		watch(sub, subscriptionEvents, { client, channel });
	},
	subscribe: (req) => subscription(req).subscribe(),
	unsubscribe: (req) => subscription(req).unsubscribe(),
	set_tags_filter: (req) => subscription(req).setTagsFilter(req.filter),
	async publish(req) {
		await publish(req);
	},
	// Each element of the data in one frame.
	async publish_all(req) {
		find(req).startBatching();
		const publishing = req.data.map((data) => publish({ ...req, data }));
		find(req).stopBatching();
		await Promise.all(publishing);
	},
	async history(req) {
		const [target, ...args] = caller(req);
		const { limit, since, reverse } = req;
		const res = await target.history(...args, { limit, since, reverse });
		return { ...res, publications: res.publications.map(publication) };
	},
	async presence(req) {
		const [target, ...args] = caller(req);
		const res = await target.presence(...args);
		return { clients: Object.fromEntries(Object.entries(res.clients).map(([id, i]) => [id, info(i)])) };
	},
	async presence_stats(req) {
		const [target, ...args] = caller(req);
		const res = await target.presenceStats(...args);
		return { num_clients: res.numClients, num_users: res.numUsers };
	},
	async rpc(req) {
		const res = await find(req).rpc(req.method, pack(req.data, clients.get(req.client).binary));
		return { data: unpack(res.data) };
	},
	send: (req) => find(req).send(pack(req.data, clients.get(req.client).binary)),
};

async function serve(req) {
	try {
		write({ id: req.id, result: await operations[req.op](req) });
	} catch (e) {
		write({ id: req.id, error: failure(e) });
	}
}

createInterface({ input: process.stdin }).on('line', (line) => {
	const req = JSON.parse(line);
	if (req.answer) answer(req);
	else serve(req);
}).on('close', () => process.exit(0));
