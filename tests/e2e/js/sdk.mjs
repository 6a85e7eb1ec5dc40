// SPDX-License-Identifier: MIT
// The official JavaScript SDK against the daemon: one check a run.
//
//	node sdk.mjs CHECK json|protobuf
//
// The daemon, tokens and the API key come from the environment (see
// test_sdk_js.py).  Exit status 0: the check passed.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const env = process.env;
const require = createRequire(join(env.NODE_HOME, 'package.json'));
const WebSocket = require('ws');

const [, , checkName, encoding] = process.argv;
const binary = encoding === 'protobuf';
const { Centrifuge } = require(binary ? 'centrifuge/build/protobuf' : 'centrifuge');
const channel = env.CHANNEL;

// Payloads are values in JSON mode, bytes in Protobuf mode.
const pack = (value) => (binary ? new TextEncoder().encode(JSON.stringify(value)) : value);
const unpack = (data) => (binary ? JSON.parse(new TextDecoder().decode(data)) : data);

// The sockets that the SDK opened, so that a check can cut them.
const sockets = [];
class Socket extends WebSocket {
	constructor(...args) {
		super(...args);
		sockets.push(this);
	}
}

async function api(method, request) {
	const res = await fetch(`${env.API}/${method}`, {
		method: 'POST', headers: { 'X-API-Key': env.API_KEY }, body: JSON.stringify(request),
	});
	const answer = await res.json();
	assert.equal(answer.error, undefined);
	return answer.result;
}

// Events of one emitter in the order they come: await next('name').
function watch(emitter, ...names) {
	const seen = [];
	let wake = () => {};
	for (const name of names) {
		emitter.on(name, (ctx) => {
			seen.push([name, ctx]);
			wake();
		});
	}
	return async function next(name) {
		for (;;) {
			while (seen.length > 0) {
				const [got, ctx] = seen.shift();
				if (got === name) return ctx;
			}
			await new Promise((resolve) => { wake = resolve; });
		}
	};
}

function client(options = {}) {
	return new Centrifuge(env.URL, {
		websocket: Socket, token: env.TOKEN, minReconnectDelay: 10, maxReconnectDelay: 100, ...options,
	});
}

function subscribe(c, name, options = {}) {
	const sub = c.newSubscription(name, options);
	const next = watch(sub, 'subscribed', 'subscribing', 'unsubscribed', 'publication', 'join',
		'leave', 'error');
	sub.subscribe();
	return [sub, next];
}

const rejects = (promise, code) => assert.rejects(promise, (e) => e.code === code);

const checks = {
	// Connect with a JWT, subscribe, receive, publish, read history and presence, drop,
	// reconnect and recover what was missed.
	async main_job() {
		const c = client();
		const state = watch(c, 'connected', 'connecting');
		c.connect();
		assert.match((await state('connected')).client, /^[0-9a-f-]{36}$/);
		const [sub, next] = subscribe(c, channel, { recoverable: true, positioned: true });
		assert.equal((await next('subscribed')).recoverable, true);

		await api('publish', { channel, data: { from: 'backend' } });
		let pub = await next('publication');
		assert.deepEqual([unpack(pub.data), pub.offset], [{ from: 'backend' }, 1]);
		await sub.publish(pack({ from: 'client' }));
		pub = await next('publication');
		assert.equal(pub.info.user, 'js');

		const history = await sub.history({ limit: 10 });
		assert.deepEqual(history.publications.map((p) => p.offset), [1, 2]);
		const back = await sub.history({ limit: 1, reverse: true });
		assert.deepEqual(unpack(back.publications[0].data), { from: 'client' });
		const presence = await sub.presence();
		assert.deepEqual(Object.values(presence.clients).map((i) => i.user), ['js']);
		const stats = await sub.presenceStats();
		assert.deepEqual([stats.numClients, stats.numUsers], [1, 1]);

		sockets.at(-1).terminate();
		await state('connecting');
		for (let i = 0; i < 3; i++) await api('publish', { channel, data: { missed: i } });
		const again = await next('subscribed');
		assert.equal(again.wasRecovering, true);
		assert.equal(again.recovered, true);
		for (let i = 0; i < 3; i++) {
			pub = await next('publication');
			assert.deepEqual([unpack(pub.data), pub.offset], [{ missed: i }, 3 + i]);
		}
		c.disconnect();
	},

	async join_leave() {
		const [a, b] = [client(), client()];
		a.connect();
		const [, next] = subscribe(a, channel);
		assert.equal((await next('join')).info.user, 'js');
		const [sub] = subscribe(b, channel);
		b.connect();
		await next('join');
		sub.unsubscribe();
		await next('leave');
		a.disconnect();
		b.disconnect();
	},

	async server_side() {
		const c = client({ token: env.TOKEN_WITH_CHANNEL });
		const next = watch(c, 'connected', 'subscribed', 'publication', 'unsubscribed', 'disconnected');
		c.connect();
		assert.equal((await next('subscribed')).channel, channel);
		await api('publish', { channel, data: 1 });
		const pub = await next('publication');
		assert.deepEqual([pub.channel, unpack(pub.data)], [channel, 1]);
		await api('unsubscribe', { user: channel, channel });
		await next('unsubscribed');
		await api('disconnect', { user: channel });
		assert.equal((await next('disconnected')).code, 3503);
	},

	async rpc_and_errors() {
		const c = client();
		c.connect();
		await c.rpc('ping', pack({}));
		await rejects(c.rpc('nosuch', pack({})), 104);
		await rejects(c.history('plain:x', { limit: 1 }), 108);
		await rejects(c.presence('closed:x'), 103);
		await rejects(c.publish('nosuch:x', pack(1)), 102);
		const [, next] = subscribe(c, 'closed:x');
		assert.equal((await next('unsubscribed')).code, 103);
		c.disconnect();
	},

	// Each expired token makes the SDK ask for a new one.
	async tokens() {
		const c = client({ token: env.EXPIRED, getToken: async () => env.TOKEN });
		const state = watch(c, 'connected');
		c.connect();
		await state('connected');
		const [, next] = subscribe(c, `$${channel}`, {
			token: env.EXPIRED_SUB, getToken: async () => env.SUB_TOKEN });
		await next('subscribed');
		c.disconnect();
	},

	async invalid_token() {
		const c = client({ token: 'garbage' });
		const state = watch(c, 'disconnected');
		c.connect();
		assert.equal((await state('disconnected')).code, 3500);
	},

	// Commands between startBatching and stopBatching go out as one frame.
	async batching() {
		const c = client();
		const state = watch(c, 'connected');
		c.connect();
		await state('connected');
		c.startBatching();
		const publishing = Array.from({ length: 50 }, (_, i) => c.publish(channel, pack(i)));
		c.stopBatching();
		await Promise.all(publishing);
		const { publications } = await c.history(channel, { limit: 100 });
		assert.deepEqual(publications.map((p) => unpack(p.data)), [40, 41, 42, 43, 44, 45, 46, 47, 48, 49]);
		c.disconnect();
	},
};

const timer = setTimeout(() => {
	console.error(`${checkName}: not done in time`);
	process.exit(2);
}, 20000);
try {
	await checks[checkName]();
} catch (e) {
	console.error(e);
	process.exit(1);
}
clearTimeout(timer);
process.exit(0);
