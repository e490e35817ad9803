// What the portal's pages do beyond plain HTML. Each page works without it.
(() => {
  "use strict";

  // Copy buttons are hidden until there is somebody to serve them.
  const prepare = (root) => {
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
    for (const box of root.querySelectorAll("[data-all]")) {
      box.hidden = false;
      box.parentElement.querySelector("[data-all-label]").hidden = false;
    }
  };

  const select = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      // Not allowed, or not over https: the admin copies by hand.
      select(source);
      return;
    }
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });

  document.addEventListener("change", (event) => {
    const name = event.target.dataset?.all;
    if (!name) return;
    for (const box of event.target.form.querySelectorAll(`input[name="${name}"]`)) {
      box.checked = event.target.checked;
    }
  });

  // A slow answer says that it is on its way, and is asked for once.
  const waiting = new Set();
  document.addEventListener("submit", (event) => {
    if (waiting.has(event.target)) {
      event.preventDefault();
      return;
    }
    waiting.add(event.target);
    const button = event.submitter;
    if (button?.dataset.busy) {
      button.dataset.said = button.textContent;
      button.textContent = button.dataset.busy;
      button.setAttribute("aria-disabled", "true");
    }
  });
  // Back from the browser's memory everything can be pressed again.
  addEventListener("pageshow", () => {
    waiting.clear();
    for (const button of document.querySelectorAll("[data-said]")) {
      button.textContent = button.dataset.said;
      button.removeAttribute("aria-disabled");
    }
  });

  // Nobody looks: nothing is asked. Nor while something is typed, which a new page would lose.
  document.addEventListener("htmx:beforeRequest", (event) => {
    const isTyping = document.activeElement?.matches("input:not([type=checkbox]), textarea");
    if (document.hidden || isTyping) event.preventDefault();
  });

  // A result that follows a form is what the admin wants to see.
  document.getElementById("checks")?.scrollIntoView({ block: "center" });
  if (!document.getElementById("checks")) {
    document.getElementById("preview")?.scrollIntoView({ block: "start" });
  }

  // A page that loads itself anew does not send a form again, nor says again what became of one.
  const address = new URL(location.href);
  const live = document.getElementById("live")?.getAttribute("hx-get");
  if (live) address.pathname = live.slice(0, live.lastIndexOf("/live?"));
  address.searchParams.delete("done");
  history.replaceState(null, "", address);

  prepare(document);
})();
