// What happens live: new lines by Server-Sent Events, the pipeline's health every few seconds. Text is only ever set as text.
"use strict";
const list = document.getElementById("live");
const state = document.getElementById("live-state");
const filter = document.getElementById("live-filter");
const LINES_MAX = 200, HEALTH_MS = 5000;
let kinds = [];

const fits = (kind) => !kinds.length || kinds.some((one) => kind.startsWith(`${one}.`));

const show = (event) => {
  const line = JSON.parse(event.data);
  const item = document.createElement("li");
  item.className = `new ${/^[a-z_]+$/.test(line.word) ? line.word : ""}`;
  item.dataset.kind = line.kind;
  item.hidden = !fits(line.kind);
  const time = document.createElement("time");
  time.dateTime = line.at;
  time.textContent = line.at.slice(11, 19);
  const target = line.case_id ? `/cases/${encodeURIComponent(line.case_id)}` : line.held_id ? `/quarantine/${encodeURIComponent(line.held_id)}` : "";
  const words = document.createElement(target ? "a" : "span");
  if (target) words.href = target;
  words.textContent = line.line;
  item.append(time, words);
  list.querySelector(".empty")?.remove();
  list.prepend(item);
  while (list.children.length > LINES_MAX) list.lastElementChild.remove();
};

if (list && state && list.dataset.after !== undefined) {
  const source = new EventSource(`/v1/live?after=${encodeURIComponent(list.dataset.after)}`);
  list.dataset.kinds.split(" ").forEach((kind) => source.addEventListener(kind, show));
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
    list.querySelectorAll("li").forEach((item) => { item.hidden = !fits(item.dataset.kind || ""); });
  });
}

const renew = async () => {
  const health = document.getElementById("health");
  if (!health || document.hidden || health.querySelector("details[open]")) return;
  const answer = await fetch(health.dataset.src, { credentials: "same-origin", redirect: "error" }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("health");
  if (fresh) health.replaceWith(fresh);
};
if (document.getElementById("health")) setInterval(renew, HEALTH_MS);
