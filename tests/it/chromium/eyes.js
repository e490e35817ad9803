// What a person sees of a page. Runs in the page; the last line of each script calls one of these.
const words = (text) => text.replace(/\s+/g, " ").trim();
const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
const path = (element) => {
  const name = element.localName ?? element.nodeName;
  const id = element.id ? `#${element.id}` : "";
  const kinds = [...(element.classList ?? [])].map((kind) => `.${kind}`).join("");
  return `${name}${id}${kinds} “${words(element.textContent ?? "").slice(0, 40)}”`;
};

const eyes = {
  says: (text) => words(document.body.innerText).includes(text),

  words: () => `${location.href}\n${document.title}\n${document.body.innerText}`,

  // What can be pressed under this name.
  pressable: (name) =>
    [...document.querySelectorAll("a, button, summary, label")]
      .filter((element) => isShown(element) && words(element.textContent) === name),

  // What is filled in under this label.
  fields: (label) =>
    [...document.querySelectorAll("label")]
      .filter((element) => isShown(element) && words(element.textContent) === label)
      .map((element) => element.control),

  // What has the focus; empty when nothing has.
  focus: () => {
    const element = document.activeElement;
    if (!element || element === document.body) return { name: "", complaint: "" };
    const label = element.labels?.[0]?.textContent ?? element.ariaLabel ?? element.textContent;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const isSeen = element.matches(":focus-visible") && style.outlineStyle !== "none"
      && parseFloat(style.outlineWidth) >= 2;
    const isInside = box.bottom > 0 && box.right > 0 && box.top < innerHeight
      && box.left < innerWidth && box.width > 0 && box.height > 0;
    const complaint = isSeen ? (isInside ? "" : "has the focus outside of what is shown")
      : "does not show that it has the focus";
    return { name: words(label), complaint: complaint && `${path(element)} ${complaint}` };
  },

  // What sticks out to the right, when the page can be moved sideways.
  sideways: () => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) =>
      isShown(element) && element.getBoundingClientRect().right > root.clientWidth + 1);
    return wide.map(path).slice(0, 5);
  },

  // What moved by itself since the last look: [how much, what, whether the page still arrived].
  shifts: async () => {
    const since = window.rollcallLooked ?? 0;
    const found = await new Promise((resolve) => {
      const all = [];
      const observer = new PerformanceObserver((list) => all.push(...list.getEntries()));
      observer.observe({ type: "layout-shift", buffered: true });
      requestAnimationFrame(() => setTimeout(() => {
        all.push(...observer.takeRecords());
        observer.disconnect();
        resolve(all);
      }, 30));
    });
    const there = performance.getEntriesByType("navigation")[0].loadEventEnd + 250;
    return found
      .filter((shift) => !shift.hadRecentInput && shift.startTime > since)
      .map((shift) => [shift.value, (shift.sources ?? [])
        .map((source) => (source.node ? path(source.node) : "something gone")).join(", "),
        shift.startTime < there]);
  },

  // From now on, after the browser has drawn what there is.
  looked: async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    window.rollcallLooked = performance.now();
  },

  // Bytes over the wire for this page, by address.
  weight: () =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .map((entry) => [entry.name, entry.transferSize]),

  // Opens everything that is folded, or folds again what was opened so.
  unfold: (open) => {
    for (const part of document.querySelectorAll("details")) {
      if (open && !part.open) {
        part.open = true;
        part.dataset.unfolded = "";
      } else if (!open && "unfolded" in part.dataset) {
        part.open = false;
        delete part.dataset.unfolded;
      }
    }
  },

  // What axe finds wrong.
  judge: async (tags) => {
    const found = await axe.run(document, {
      runOnly: { type: "tag", values: tags },
      resultTypes: ["violations"],
    });
    return found.violations.map((rule) => {
      const nodes = rule.nodes.slice(0, 5).map((node) =>
        `    ${node.target.join(" ")}: ${words(node.failureSummary ?? "")}`);
      return `${rule.id} (${rule.help})\n${nodes.join("\n")}`;
    });
  },
};
