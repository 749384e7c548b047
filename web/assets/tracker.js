/*
 * What pages gain by a script: they follow changes, times are local, and the
 * deploy form is checked while it is filled in.  Nothing needs it.  Text from
 * the server is only ever put in as text, or as a page of this server parsed
 * by the browser.
 */
"use strict";

const csrf = document.querySelector("meta[name=csrf]").content;

async function ask(path, options = {}) {
	const answer = await fetch(path, {
		...options,
		headers: {"Content-Type": "application/json", "X-CSRF-Token": csrf, ...options.headers},
	});
	return {ok: answer.ok, status: answer.status, body: await answer.json()};
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function localTimes(root) {
	for (const time of root.querySelectorAll("time")) {
		time.title = time.textContent;
		time.textContent = new Date(time.dateTime).toLocaleString();
	}
}

/* --- pages that follow changes --- */

/* The live part as the server draws it now; what has the focus keeps it. */
async function redraw(live) {
	const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
	const fresh = page.getElementById("live");
	if (!fresh)
		return;
	const focused = live.contains(document.activeElement) ? [...live.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
	localTimes(fresh);
	live.replaceChildren(...fresh.childNodes);
	live.dataset.version = fresh.dataset.version;
	if (focused >= 0)
		live.querySelectorAll("a, button")[focused]?.focus();
}

/* Why a page stands still, below its title; nothing while it does not. */
function say(text) {
	let note = document.getElementById("standstill");
	if (!note) {
		note = document.createElement("p");
		note.id = "standstill";
		note.className = "note";
		note.setAttribute("role", "status");
		document.querySelector("main h1").after(note);
	}
	note.hidden = !text;
	note.textContent = text;
}

const FOR_GOOD = [401, 403, 404]; // signed out, or what is followed is gone
const WAIT_MS = 2000, WAIT_MOST_MS = 30000;

/* Ask again and again, and hand over each answer until `take` says that it was the last. */
async function listen(path, take) {
	let wait = WAIT_MS;
	for (;;) {
		let answer = null;
		try {
			answer = await ask(path());
			if (answer.ok) {
				say("");
				wait = WAIT_MS;
				if (await take(answer.body))
					return;
				await pause(300);
				continue;
			}
		} catch {
			answer = null; // no connection, or no whole answer
		}
		if (FOR_GOOD.includes(answer?.status)) {
			say("This page does not follow changes any more. Load it again.");
			return;
		}
		say("The Jobs Tracker does not answer. This page asks it again and again.");
		await pause(wait);
		wait = Math.min(2 * wait, WAIT_MOST_MS);
	}
}

function follow(live) {
	return listen(() => `/api/changes?since=${live.dataset.version}&wait=25`, async (body) => {
		if (body.changed)
			await redraw(live);
	});
}

function followLog(log) {
	return listen(() => `/api/jobs/${log.dataset.job}/log?after=${log.dataset.last}&wait=25`, (body) => {
		const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
		log.append(...body.lines.map((line) => line.text + "\n"));
		log.dataset.last = body.last;
		if (atEnd)
			log.scrollTop = log.scrollHeight;
		return body.ended && !body.lines.length;
	});
}

/* --- the deploy form --- */

function values(form) {
	const all = {};
	for (const item of form.elements)
		if (item.name && item.name !== "csrf" && item.type !== "submit")
			all[item.name] = item.type === "checkbox" ? item.checked : item.value;
	return all;
}

/* One field's fault beside it, or none. */
function showFault(form, name, fault) {
	const place = document.getElementById(`${name}-fault`);
	const item = form.elements[name];
	if (!place || !item)
		return;
	place.textContent = fault ? [fault.message, fault.hint].filter(Boolean).join("; ") : "";
	item.setAttribute("aria-invalid", fault ? "true" : "false");
}

async function check(form, touched) {
	const {body} = await ask("/api/validate", {method: "POST", body: JSON.stringify(values(form))});
	for (const name of touched)
		showFault(form, name, body.faults?.[name]);
	document.getElementById("run-note").textContent = body.run?.note ?? "";
}

function showCost(form) {
	const type = form.elements.instance_type.selectedOptions[0];
	const hour = Number(type?.dataset.usd) * Number(form.elements.instance_count.value);
	document.getElementById("cost").textContent = hour > 0
		? `about $${hour.toFixed(2)} an hour, $${Math.round(hour * 730)} a month` : "";
}

function showTarget(form) {
	document.getElementById("aws").hidden = form.elements.target.value !== "sagemaker";
}

function showMode(form) {
	document.getElementById("weight-field").hidden = form.elements.mode.value !== "add";
	document.getElementById("archive-field").hidden = form.elements.mode.value !== "replace";
}

async function listRuns(form) {
	const experiment = form.elements.experiment_id.value;
	const {ok, body} = await ask(`/api/runs?experiment=${encodeURIComponent(experiment)}`);
	if (!ok)
		return;
	document.getElementById("runs").replaceChildren(...body.runs.map((run) => {
		const option = new Option(`${run.name} · experiment ${run.experiment_id} · ${run.status}`, run.run_id);
		return option;
	}));
}

function deployForm(form) {
	const touched = new Set();
	let timer = 0;
	const look = () => {
		showCost(form);
		showTarget(form);
		showMode(form);
	};
	form.addEventListener("input", (event) => {
		touched.add(event.target.name);
		look();
		clearTimeout(timer);
		timer = setTimeout(() => check(form, touched).catch(() => {}), 400);
	});
	form.elements.experiment_id.addEventListener("change", () => listRuns(form).catch(() => {}));
	look();
}

localTimes(document);
const live = document.getElementById("live");
if (live?.dataset.version)
	follow(live);
const log = document.getElementById("log");
if (log)
	followLog(log);
const form = document.getElementById("deploy");
if (form)
	deployForm(form);
