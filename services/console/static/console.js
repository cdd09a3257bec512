// What happens live: new lines by Server-Sent Events, folded; what is under way every few seconds. Text is only ever set as text.
"use strict";
const list = document.getElementById("live");
const state = document.getElementById("live-state");
const filter = document.getElementById("live-filter");
const LINES_MAX = 200, RENEW_MS = 5000;
let kinds = [];

const fits = (kind) => !kinds.length || kinds.some((one) => kind.startsWith(`${one}.`));

const about = (line) => {
  const [path, id] = [["/purges/", line.purge_id], ["/cases/", line.case_id], ["/quarantine/", line.held_id]].find(([, one]) => one) || [];
  return id ? path + encodeURIComponent(id) : "";
};

// Lines about the same thing, one after the other, are one: the newest, with a button that shows the others. What a filter
// leaves out parts none of them. A run is known by its oldest line: what somebody opened stays open when another line comes.
const opened = new WeakSet(), oldest = new WeakMap();

const foldRun = ([head, ...older]) => {
  head.hidden = false;
  head.classList.remove("older");
  let button = head.querySelector("button");
  if (!older.length) return button?.remove();
  oldest.set(head, older.at(-1));
  const isOpen = opened.has(older.at(-1));
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "chip";
    head.append(button);
  }
  button.textContent = `${older.length} earlier`;
  button.setAttribute("aria-expanded", String(isOpen));
  for (const item of older) {
    const held = item.contains(document.activeElement) ? document.activeElement : null;
    if (held && (held.matches("button") || !isOpen)) (held.matches("button") ? button : head.querySelector("a"))?.focus();
    item.querySelector("button")?.remove();
    item.classList.add("older");
    item.hidden = !isOpen;
  }
};

const fold = () => {
  const runs = [];
  for (const item of list.querySelectorAll("li[data-kind]")) {
    if (!fits(item.dataset.kind)) { item.hidden = true; continue; }
    const run = runs.at(-1);
    if (run && item.dataset.of && run[0].dataset.of === item.dataset.of) run.push(item); else runs.push([item]);
  }
  runs.forEach(foldRun);
};

let folding = 0;
const foldSoon = () => { folding ||= requestAnimationFrame(() => { folding = 0; fold(); }); };

list?.addEventListener("click", (event) => {
  const end = oldest.get(event.target.closest("button")?.closest("li"));
  if (!end) return;
  if (!opened.delete(end)) opened.add(end);
  fold();
});

// What a line says, as a link to what it is about.
const say = (item, words) => {
  const said = document.createElement(item.dataset.of ? "a" : "span");
  if (item.dataset.of) said.href = item.dataset.of;
  said.textContent = words;
  item.querySelector("a, span")?.remove();
  item.querySelector("time").after(said);
};

// Only some lines of a report name its case: the others are about it, too.
const join = (report) => {
  const lines = [...list.querySelectorAll(`li[data-report="${CSS.escape(report)}"]`)];
  const of = lines.find((item) => item.dataset.of)?.dataset.of;
  for (const item of of ? lines.filter((one) => !one.dataset.of) : []) {
    item.dataset.of = of;
    say(item, item.querySelector("span").textContent);
  }
};

const show = (event) => {
  const line = JSON.parse(event.data);
  const item = document.createElement("li");
  item.className = `new ${/^[a-z_]+$/.test(line.word) ? line.word : ""}`;
  item.dataset.kind = line.kind;
  item.dataset.of = about(line);
  item.dataset.report = line.report_id;
  const time = document.createElement("time");
  time.dateTime = line.at;
  time.textContent = line.at.slice(11, 19);
  item.append(time);
  say(item, line.line);
  list.querySelector(".empty")?.remove();
  list.prepend(item);
  if (line.report_id) join(line.report_id);
  while (list.children.length > LINES_MAX) list.lastElementChild.remove();
  foldSoon();
};

// No line moves away from under a pointer: what comes meanwhile waits until it leaves the list.
const waiting = [];
const arrive = (event) => {
  if (!list.matches(":hover")) return show(event);
  waiting.push(event);
  if (waiting.length > LINES_MAX) waiting.shift();
  state.textContent = `${waiting.length} new: shown when the pointer leaves the list`;
};
list?.addEventListener("pointerleave", () => {
  if (waiting.length) state.textContent = "connected";
  waiting.splice(0).forEach(show);
});

if (list && state) fold();
if (list && state && list.dataset.after !== undefined) {
  const source = new EventSource(`/v1/live?after=${encodeURIComponent(list.dataset.after)}`);
  list.dataset.kinds.split(" ").forEach((kind) => source.addEventListener(kind, arrive));
  source.onopen = () => { state.textContent = "connected"; };
  source.onerror = () => { state.textContent = "connection lost, trying again"; };
}

if (list && filter) {
  filter.hidden = false;
  filter.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-kinds]");
    if (!chip) return;
    kinds = chip.dataset.kinds.split(" ").filter(Boolean);
    filter.querySelectorAll("[data-kinds]").forEach((one) => one.setAttribute("aria-pressed", String(one === chip)));
    fold();
  });
}

// A part of the page that says where it comes from is fetched again, while nobody reads, marks or types in it.
const renew = async () => {
  const part = document.querySelector("[data-src]");
  const isUsed = () => part.contains(document.activeElement) || part.querySelector("details[open], input:checked");
  if (!part || document.hidden || isUsed()) return;
  const answer = await fetch(part.dataset.src, { credentials: "same-origin", redirect: "error" }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(part.id);
  if (fresh && !isUsed()) part.replaceWith(fresh);
};
const renewed = document.querySelector("[data-src]");
if (renewed) setInterval(renew, Number(renewed.dataset.every) || RENEW_MS);
