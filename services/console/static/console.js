// The live list: new lines come by Server-Sent Events. Text is only ever set as text.
"use strict";
const list = document.getElementById("live");
const state = document.getElementById("live-state");
if (list && state && list.dataset.after !== undefined) {
  const source = new EventSource(`/v1/live?after=${encodeURIComponent(list.dataset.after)}`);
  const kinds = ["report.received", "report.rejected", "report.resolved", "case.opened", "case.joined", "case.triaged",
    "submission.requested", "submission.failed", "verdict.issued", "block.created", "block.refused", "block.removed",
    "block.expired", "quarantine.held", "quarantine.released", "quarantine.release_failed", "quarantine.deleted",
    "quarantine.expired", "release.requested", "release.decided", "notification.sent"];
  const add = (event) => {
    const line = JSON.parse(event.data);
    const item = document.createElement("li");
    item.className = `new ${/^[a-z_]+$/.test(line.word) ? line.word : ""}`;
    const time = document.createElement("time");
    time.textContent = `${line.at.slice(0, 16).replace("T", " ")} UTC`;
    const words = document.createElement(line.case_id ? "a" : "span");
    if (line.case_id) words.href = `/cases/${encodeURIComponent(line.case_id)}`;
    words.textContent = line.line;
    item.append(time, words);
    list.prepend(item);
    while (list.children.length > 200) list.lastChild.remove();
  };
  kinds.forEach((kind) => source.addEventListener(kind, add));
  source.onopen = () => { state.textContent = "connected"; };
  source.onerror = () => { state.textContent = "reconnecting"; };
}
