// SPDX-License-Identifier: MIT
// What the SDK hands out, in the words of rig/sdk.py.  What is empty is left out.

// The payload for a value of the rig; {"b64": ...} is bytes in the Protobuf protocol.
export function pack(value, binary) {
	if (!binary || value === undefined) return value;
	if (typeof value?.b64 === 'string') return Buffer.from(value.b64, 'base64');
	return new TextEncoder().encode(JSON.stringify(value));
}

// The value for a payload.
export function unpack(data) {
	if (!(data instanceof Uint8Array)) return data;
	if (data.length === 0) return undefined;
	try {
		return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
	} catch {
		return { b64: Buffer.from(data).toString('base64') };
	}
}

export const info = (i) => ({
	user: i.user, client: i.client, conn_info: unpack(i.connInfo), chan_info: unpack(i.chanInfo),
});

export const publication = (p) => ({
	data: unpack(p.data),
	offset: p.offset || undefined,
	tags: p.tags && Object.keys(p.tags).length > 0 ? p.tags : undefined,
	info: p.info && info(p.info),
});

const subscribed = (e) => ({
	recoverable: e.recoverable, positioned: e.positioned, position: e.streamPosition,
	was_recovering: e.wasRecovering, recovered: e.recovered, data: unpack(e.data),
});

const moved = (e) => ({ code: e.code, reason: e.reason });
const failed = (e) => failure(e.error);
const person = (e) => ({ info: info(e.info) });

// Code 0 for an error that is not the server's.
export const failure = (e) => ({ code: e.code ?? 0, message: String(e.message) });

export const clientEvents = {
	connecting: moved,
	connected: (e) => ({ client: e.client, data: unpack(e.data) }),
	disconnected: moved,
	error: failed,
	message: (e) => ({ data: unpack(e.data) }),
	subscribing: (e) => ({ channel: e.channel }),
	subscribed: (e) => ({ channel: e.channel, ...subscribed(e) }),
	unsubscribed: (e) => ({ channel: e.channel }),
	publication: (e) => ({ channel: e.channel, ...publication(e) }),
	join: (e) => ({ channel: e.channel, ...person(e) }),
	leave: (e) => ({ channel: e.channel, ...person(e) }),
};

export const subscriptionEvents = {
	subscribing: moved,
	subscribed,
	unsubscribed: moved,
	error: failed,
	publication,
	join: person,
	leave: person,
};
