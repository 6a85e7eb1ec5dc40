// SPDX-License-Identifier: MIT
// The demo page in two tabs of a headless browser: what is typed in one appears in
// both.  The page's address is in URL; exit status 0: it works.

import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(join(process.env.NODE_HOME, 'package.json'));
const { chromium } = require('playwright-core');

const profile = mkdtempSync(join(tmpdir(), 'rotor-demo-'));
const browser = await chromium.launchPersistentContext(profile, {
	executablePath: process.env.CHROMIUM,
	headless: true,
	args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
		'--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const said = [];
const wait = (page, text) => page.getByText(text).first().waitFor({ timeout: 15000 });

async function open() {
	const page = await browser.newPage();
	page.on('pageerror', (e) => said.push(`page error: ${e}`));
	page.on('console', (m) => {
		if (m.type() === 'error' && !m.location().url.endsWith('/favicon.ico'))
			said.push(`console: ${m.text()}`);
	});
	page.on('request', (r) => {
		if (new URL(r.url()).host !== new URL(process.env.URL).host)
			said.push(`asks another host: ${r.url()}`);
	});
	await page.goto(process.env.URL);
	return page;
}

async function type(page, text) {
	const input = page.locator('input:visible, textarea:visible').first();
	await input.fill(text);
	await input.press('Enter');
}

let status = 0;
try {
	const [a, b] = [await open(), await open()];
	await Promise.all([a, b].map((page) => wait(page, 'published before anybody came')));
	await type(a, 'hello from the first tab');
	await Promise.all([a, b].map((page) => wait(page, 'hello from the first tab')));
	await type(b, '<b>and</b> from the "second" & last');
	await Promise.all([a, b].map((page) => wait(page, '<b>and</b> from the "second" & last')));
	if (said.length > 0) throw new Error(said.join('\n'));
} catch (e) {
	console.error(e, said);
	status = 1;
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
process.exit(status);
