// The keyboard: rows, marks, deciding, going. Every key presses something that is on the page for the mouse, too.
"use strict";
const rows = () => [...document.querySelectorAll("[data-list] tr[data-row]")];
const target = (row) => row?.querySelector("a.open, input[type=checkbox], button");
const here = () => rows().findIndex((row) => row.contains(document.activeElement));
const byKey = (key) => document.querySelector(`main [data-key="${CSS.escape(key)}"]`);
const checks = () => [...document.querySelectorAll("[data-list] td.mark input[type=checkbox]")];
const dialog = document.getElementById("keys");
const GO_MS = 1500;
let going = 0;

const step = (by) => {
  const all = rows();
  if (!all.length) return byKey(by > 0 ? "j" : "k")?.click();
  const at = here();
  const next = at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1);
  target(all[next])?.focus();
  all[next].scrollIntoView({ block: "nearest" });
};

const tell = () => {
  const marked = checks().filter((one) => one.checked).length;
  document.querySelectorAll("[data-marked]").forEach((one) => { one.textContent = marked ? `${marked} marked:` : "Marked:"; });
  const all = document.querySelector("[data-all]");
  if (all) { all.checked = marked > 0 && marked === checks().length; all.indeterminate = marked > 0 && !all.checked; }
};

const mark = (row, on) => {
  const box = row?.querySelector("td.mark input[type=checkbox]");
  if (box) { box.checked = on ?? !box.checked; tell(); }
};

const markAll = (on) => { checks().forEach((one) => { one.checked = on; }); tell(); };

// What acts on marked rows acts on the row itself when none is marked.
const orThisRow = () => { if (!checks().some((one) => one.checked)) mark(rows()[here()], true); };

const press = (key) => {
  const found = byKey(key);
  if (!found) return false;
  if (found.matches("button")) orThisRow();
  if (found.matches("summary")) found.focus();
  if (found.type === "radio") { orThisRow(); found.checked = true; found.focus(); } else found.click();
  return true;
};

const acts = {
  j: () => step(1),
  k: () => step(-1),
  o: () => rows()[here()]?.querySelector("a.open")?.click(),
  x: () => { mark(rows()[here()]); },
  X: () => { markAll(!checks().every((one) => one.checked)); },
  d: () => {
    orThisRow();
    const choice = document.querySelector("main input[name=category]:checked") || document.querySelector("main input[name=category]");
    (choice || document.querySelector("#bar button"))?.focus();
  },
  a: () => { const button = document.querySelector("main [data-act=a]"); if (button) { orThisRow(); button.click(); } },
  "/": () => { (document.querySelector("[data-search]") || document.getElementById("find"))?.focus(); },
  "?": () => { dialog?.showModal(); },
  g: () => { going = Date.now(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || dialog?.open) return;
  const field = event.target.closest("input, textarea, select");
  const typing = field && !["checkbox", "radio"].includes(field.type);
  if (event.key === "Escape" && field) { field.blur(); return; }
  if (typing) return;
  if (event.key === "Enter" && field?.type === "radio") {
    event.preventDefault();
    (document.getElementById("decide-next") || document.getElementById("decide"))?.click();
    return;
  }
  if (Date.now() - going < GO_MS) {
    going = 0;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); link.click(); return; }
  }
  if (acts[event.key]) { event.preventDefault(); acts[event.key](); } else if (/^[a-z1-9]$/.test(event.key) && press(event.key)) event.preventDefault();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) markAll(event.target.checked);
  else if (event.target.matches("td.mark input")) tell();
});
document.querySelectorAll("[data-help]").forEach((one) => one.addEventListener("click", (event) => {
  if (dialog) { event.preventDefault(); dialog.showModal(); }
}));
tell();
// On a narrow page the menu is one line that scrolls: it begins where one is.
const menu = document.querySelector(".side nav ul");
const place = menu?.querySelector("[aria-current]");
if (place && menu.scrollWidth > menu.clientWidth) menu.scrollLeft = place.offsetLeft - menu.offsetLeft - 16;
