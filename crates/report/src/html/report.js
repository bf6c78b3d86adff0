"use strict";
// Lists the findings of the page: filters them, draws them in portions, opens one on demand.
// Text from outside only ever goes through textContent.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const [ID, SEV, RULE, RULEID, ACCOUNT, REGION, TYPE, RES, NAME, ARN, STATUS, CHANGE, AGE, FIRST, LAST, DUE, OVERDUE, TEXT,
    EVIDENCE, CONTROLS, OWNER, ASSIGNEE, SUPPRESSED, OU, LOCATION] = Array(25).keys();
  const { strings, findings, rules } = data;
  const byId = (id) => document.getElementById(id);
  if (findings.length === 0) return;
  const list = byId("list"), shown = byId("shown"), more = byId("more"), pill = byId("rule-filter");
  const fields = ["text", "severity", "account", "service", "status"].map((name) => byId("by-" + name));
  const [text, severity, account, service, status] = fields;
  const number = new Intl.NumberFormat(data.lang);
  const PORTION = 60;
  let onlyRule = "", matches = [], drawn = 0;

  const make = (tag, className, content) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (content !== undefined) node.textContent = content;
    return node;
  };
  const serviceOf = (type) => type.split("::")[1] || "Account";
  const titleOf = (f) => (f[RULE] === null ? f[RULEID] : rules[f[RULE]].title || f[RULEID]);

  // What the text filter looks at, made once for each finding when first asked for.
  const haystacks = new Array(findings.length);
  const haystack = (at) => {
    if (haystacks[at] === undefined) {
      const f = findings[at];
      haystacks[at] = [data.severities[f[SEV]][2], f[ID], f[RULEID], titleOf(f), f[TEXT], f[RES], f[NAME], f[ARN], f[TYPE], f[REGION], f[ACCOUNT],
        data.accounts[f[ACCOUNT]] || "", f[OU], f[LOCATION] || "", f[OWNER], f[ASSIGNEE], f[CONTROLS].join(" ")].join("\n").toLowerCase();
    }
    return haystacks[at];
  };

  const hasStatus = {
    open: (f) => f[STATUS] === "open",
    changed: (f) => f[STATUS] === "open" && f[CHANGE] < 2,
    overdue: (f) => f[STATUS] === "open" && f[OVERDUE] === 1,
    resolved: (f) => f[STATUS] === "resolved",
    suppressed: (f) => f[STATUS] === "suppressed",
  };

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const level = data.severities.findIndex((s) => s[0] === severity.value);
    const wanted = hasStatus[status.value] || (() => true);
    matches = [];
    for (let at = 0; at < findings.length; at++) {
      const f = findings[at];
      if (onlyRule && f[RULEID] !== onlyRule) continue;
      if (level >= 0 && f[SEV] !== level) continue;
      if (account.value && f[ACCOUNT] !== account.value) continue;
      if (service.value && serviceOf(f[TYPE]) !== service.value) continue;
      if (!wanted(f)) continue;
      if (words.length && !words.every((word) => haystack(at).includes(word))) continue;
      matches.push(at);
    }
    shown.textContent = strings.shown
      .replace("{shown}", number.format(matches.length))
      .replace("{total}", number.format(findings.length));
    pill.hidden = !onlyRule;
    pill.replaceChildren();
    if (onlyRule) {
      const rule = rules.find((r) => r.id === onlyRule);
      const clear = make("button", "", strings.clear);
      clear.type = "button";
      clear.addEventListener("click", () => { onlyRule = ""; filter(); });
      pill.append(make("span", "", rule ? rule.title : onlyRule), clear);
    }
    list.replaceChildren();
    drawn = 0;
    if (matches.length === 0) list.append(make("p", "empty", strings.none));
    draw(PORTION);
  }

  function draw(count) {
    const end = Math.min(matches.length, drawn + count);
    const portion = document.createDocumentFragment();
    for (; drawn < end; drawn++) portion.append(row(findings[matches[drawn]]));
    list.append(portion);
    more.hidden = drawn >= matches.length;
    more.textContent = strings.more + " (" + number.format(matches.length - drawn) + ")";
  }

  function row(f) {
    const [, tone, word] = data.severities[f[SEV]];
    const item = make("article", "finding tone-" + tone);
    item.setAttribute("role", "listitem");
    const head = make("button", "row");
    head.type = "button";
    head.setAttribute("aria-expanded", "false");
    const what = make("span", "what");
    what.append(make("span", "title", titleOf(f)), make("span", "says", f[TEXT]));
    const resource = make("span", "res");
    const name = make("bdi", "mono", f[NAME]);
    resource.append(name, make("span", "small", f[TYPE]));
    const where = make("span", "where");
    where.append(make("bdi", "", data.accounts[f[ACCOUNT]] || f[ACCOUNT]), make("span", "small", f[REGION]));
    const when = make("span", "when");
    const fresh = f[STATUS] === "open" && f[CHANGE] < 2;
    when.append(make("span", fresh ? "tag" : "", f[AGE]));
    if (f[OVERDUE]) when.append(make("span", "late", strings.overdue));
    head.append(make("span", "chip " + tone, word), what, resource, where, when);
    head.addEventListener("click", () => {
      const open = head.getAttribute("aria-expanded") !== "true";
      head.setAttribute("aria-expanded", String(open));
      if (open && !head.nextSibling) item.append(detail(f));
      if (head.nextSibling) head.nextSibling.hidden = !open;
    });
    item.append(head);
    return item;
  }

  function detail(f) {
    const box = make("div", "detail");
    const rule = f[RULE] === null ? null : rules[f[RULE]];
    const main = make("div", "main"), side = make("div", "side");
    const part = (title, ...nodes) => {
      if (nodes.length === 0) return;
      const section = make("section");
      section.append(make("h3", "", title), ...nodes);
      main.append(section);
    };
    const lines = (values) => values.map((value) => make("code", "line", value));
    if (rule && rule.why) part(strings.why, make("p", "", rule.why));
    if (f[EVIDENCE]) {
      const code = make("pre", "", f[EVIDENCE]);
      code.tabIndex = 0;
      part(strings.evidence, code);
    }
    if (rule && rule.fix) part(strings.fix, make("p", "", rule.fix));
    if (rule && rule.calls.length) part(strings.calls, ...lines(rule.calls));
    if (rule && rule.ssm) part(strings.automation, ...lines([rule.ssm]));
    if (f[CONTROLS].length) {
      const controls = make("ul", "controls");
      for (const id of f[CONTROLS]) {
        const line = make("li");
        line.append(make("code", "", id));
        if (data.controls[id]) line.append(" " + data.controls[id]);
        controls.append(line);
      }
      part(strings.controls, controls);
    }
    if (rule && rule.references.length) {
      const links = make("ul", "links");
      for (const address of rule.references) {
        const line = make("li"), link = make("a", "", address);
        link.href = address;
        link.rel = "noreferrer noopener";
        link.target = "_blank";
        line.append(link);
        links.append(line);
      }
      part(strings.references, links);
    }
    const facts = make("dl");
    const accountName = data.accounts[f[ACCOUNT]] || "";
    for (const [title, value, mono] of [
      [strings.resource, f[RES], true],
      [strings.location, f[LOCATION], true],
      ["ARN", f[ARN] === f[RES] ? "" : f[ARN], true],
      [strings.account, accountName === f[ACCOUNT] ? f[ACCOUNT] : (accountName + " " + f[ACCOUNT]).trim()],
      ["OU", f[OU]],
      [strings.region, f[REGION]],
      [strings.firstSeen, f[FIRST]],
      [strings.lastSeen, f[LAST]],
      [strings.due, f[DUE]],
      [strings.owner, f[OWNER]],
      [strings.assignee, f[ASSIGNEE]],
      [strings.suppressed, f[SUPPRESSED]],
      [strings.rule, f[RULEID], true],
      [strings.id, f[ID], true],
    ]) {
      if (!value) continue;
      const fact = make("div"), dd = make("dd");
      dd.append(make("bdi", mono ? "mono" : "", value));
      fact.append(make("dt", "", title), dd);
      facts.append(fact);
    }
    side.append(facts);
    box.append(main, side);
    return box;
  }

  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); };
  text.addEventListener("input", soon);
  for (const field of fields.slice(1)) field.addEventListener("change", filter);
  byId("filters").addEventListener("submit", (event) => { event.preventDefault(); filter(); });
  byId("filters").addEventListener("reset", () => { onlyRule = ""; setTimeout(filter, 0); });
  more.addEventListener("click", () => draw(PORTION * 5));
  if ("IntersectionObserver" in window) {
    new IntersectionObserver((seen) => {
      if (seen.some((entry) => entry.isIntersecting) && drawn < matches.length) draw(PORTION);
    }, { rootMargin: "400px" }).observe(more);
  }
  // A rule, an account or a cell of the heat map shows its findings.
  document.addEventListener("click", (event) => {
    const from = event.target.closest("[data-rule],[data-account],[data-service]");
    if (!from) return;
    byId("filters").reset();
    onlyRule = from.dataset.rule || "";
    account.value = from.dataset.account || "";
    service.value = from.dataset.service || "";
    severity.value = from.dataset.severity || "";
    setTimeout(() => {
      onlyRule = from.dataset.rule || "";
      filter();
      byId("findings").scrollIntoView();
      byId("findings-title").focus();
    }, 0);
  });
  // Paper has no scrolling: what the filter shows is printed, up to a thousand rows, packs unfolded.
  addEventListener("beforeprint", () => {
    if (drawn < matches.length) draw(Math.max(0, 1000 - drawn));
  });
  byId("findings-title").tabIndex = -1;
  filter();
})();
