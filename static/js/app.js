// What makes pages handier where scripts run. Every page and form works without it. There is no state here: everything
// is read from the markup, and is done again for what htmx brings in.

const all = (root, selector) => [
  ...(root.matches?.(selector) ? [root] : []),
  ...root.querySelectorAll(selector),
];

// --- Buttons that only scripts can serve are hidden until now.

function reveal(root) {
  if (navigator.clipboard) for (const b of all(root, "[data-copy]")) b.hidden = false;
  for (const b of all(root, "[data-reveal], [data-dismiss], [data-print]")) b.hidden = false;
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  const text = button.querySelector("[data-text]");
  const before = text.textContent;
  if (before === button.dataset.done) return;
  text.textContent = button.dataset.done;
  setTimeout(() => { text.textContent = before; }, 2000);
}

function toggleSecret(button) {
  const input = document.getElementById(button.dataset.reveal);
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
  const word = button.firstChild;
  [word.textContent, button.dataset.other] = [button.dataset.other + " ", word.textContent.trim()];
}

// --- Fields that are asked for only if others have certain values.

function valuesOf(form, name) {
  const values = [];
  for (const e of form.elements) {
    if (e.name !== name || e.disabled) continue;
    if ((e.type === "radio" || e.type === "checkbox") && !e.checked) continue;
    values.push(e.value);
  }
  return values;
}

function applies(form, branch) {
  const wanted = Object.entries(JSON.parse(branch.dataset.when));
  return wanted.every(([name, values]) => valuesOf(form, name).some((v) => values.includes(v)));
}

function showBranch(branch, yes) {
  branch.hidden = !yes;
  for (const e of branch.querySelectorAll("input, select, textarea")) {
    if (yes && e.dataset.off) { e.disabled = false; delete e.dataset.off; }
    if (!yes && !e.disabled) { e.disabled = true; e.dataset.off = "1"; }
  }
}

function branches(form) {
  const parts = [...form.querySelectorAll("[data-when]")];
  for (let pass = 0; pass < 3; pass++) for (const b of parts) showBranch(b, applies(form, b));
}

function allBranches(root) {
  const forms = new Set(all(root, "[data-when]").map((b) => b.closest("form")).filter(Boolean));
  const own = root.closest?.("form");
  if (own?.querySelector("[data-when]")) forms.add(own);
  for (const form of forms) branches(form);
}

// --- A form is sent once.

function busy(form, submitter) {
  form.dataset.busy = "1";
  submitter?.setAttribute("aria-busy", "true");
}

function idle(form) {
  delete form.dataset.busy;
  for (const b of form.querySelectorAll("[aria-busy]")) b.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-guard][data-busy]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.matches("[data-guard]")) return; // another script, or htmx, takes it on
  busy(event.target, event.submitter);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = event.detail.elt.closest("form[data-guard]");
  if (form && event.detail.elt === form) busy(form, event.detail.requestConfig.triggeringEvent?.submitter);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.matches("form[data-guard]")) idle(event.detail.elt);
});

window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("[data-busy]")) idle(form);
});

// --- A passkey signs what stands on the page, or is made. Whatever else is typed goes as it is.

async function answerOf(box) {
  const { sign, create } = box.dataset;
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) throw new Error(box.dataset.lacking);
  const answer = sign
    ? navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(sign)) })
    : navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(create)) });
  return JSON.stringify(await answer);
}

async function askPasskey(form, box, submitter) {
  const problem = box.querySelector("[data-problem]");
  problem.hidden = true;
  busy(form, submitter);
  try {
    form.elements.code.value = await answerOf(box);
    idle(form);
    form.requestSubmit(submitter);
  } catch (e) {
    idle(form);
    problem.textContent = e.message === box.dataset.lacking ? e.message : box.dataset.failed;
    problem.hidden = false;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const box = form.querySelector("[data-sign], [data-create]");
  if (!box || form.elements.code.value !== "") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  askPasskey(form, box, event.submitter);
}, true);

// --- What is typed while htmx fetches the same form is put into it again; what could not be fetched or saved is said.

const typedIn = (form) => [...form.querySelectorAll("input[id]:not([type=hidden]), select[id], textarea[id]")].map((e) => [e.id, e.value, e]);

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const form = detail.elt.closest("form[data-keep]");
  if (form) detail.xhr.typed = { form, was: new Map(typedIn(form)) };
});

document.addEventListener("htmx:beforeSwap", ({ detail: { xhr } }) => {
  if (xhr.typed) xhr.since = typedIn(xhr.typed.form).filter(([id, value]) => xhr.typed.was.get(id) !== value);
});

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  for (const [id, value, old] of detail.xhr?.since ?? []) {
    const input = document.getElementById(id);
    if (!input || input === old || input.value === value) continue;
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail }) => {
    const { failed, ended } = detail.elt.dataset;
    const status = failed && document.getElementById("draft-status");
    if (!status) return;
    status.setAttribute("role", "alert");
    status.textContent = detail.xhr.status === 401 ? ended : failed;
  });
}

// --- Menus, dialogs, messages.

function closeMenus(except) {
  for (const m of document.querySelectorAll("details.menu[open]")) if (m !== except) m.open = false;
}

function openDialog(event, trigger) {
  const dialog = document.getElementById(trigger.dataset.dialog);
  if (!dialog?.showModal) return;
  event.preventDefault();
  dialog.showModal();
}

const actions = [
  ["[data-copy]", (event, b) => copy(b)],
  ["[data-reveal]", (event, b) => toggleSecret(b)],
  ["[data-dialog]", openDialog],
  ["[data-close]", (event, b) => b.closest("dialog")?.close()],
  ["[data-print]", () => window.print()],
  ["[data-dismiss]", (event, b) => b.closest(".toast")?.remove()],
];

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));
  for (const [selector, act] of actions) {
    const found = event.target.closest(selector);
    if (found) act(event, found);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.menu[open]");
  closeMenus();
  open?.querySelector("summary").focus();
});

document.addEventListener("change", (event) => {
  if (event.target.form) branches(event.target.form);
});

// --- A page, or a part of one, has arrived.

function arrive(root) {
  reveal(root);
  allBranches(root);
  all(root, "[data-focus]")[0]?.focus();
}

document.addEventListener("htmx:load", (event) => arrive(event.detail.elt));
arrive(document.documentElement);
document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
