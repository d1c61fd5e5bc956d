// The head of the page: what was broken, what the page says, which choice matters; and the story as a table.

function paragraph(...inside) { return element('p', {}, ...inside); }

// Text in which names of code stand between backquotes.
function prose(text) {
  return text.split('`').map((part, at) => (at % 2 ? element('code', {}, part) : part));
}

function plural(count, what) { return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`; }

function verdictOf(rule, breaks, run) {
  const info = about.rules[rule];
  const first = breaks[0];
  const times = breaks.length > 1 ? `, ${breaks.length.toLocaleString('en')} times` : '';
  const head = paragraph(element('b', {}, `✗ ${first.warning ? 'warning: ' : ''}${rule}${times}`), ' ', ...prose(first.why));
  const box = element('div', { class: 'verdict', 'data-rule': rule }, head);
  if (!info) return box;
  box.append(paragraph(element('b', {}, 'The rule. '), ...prose(info.sentence)));
  box.append(paragraph(element('b', {}, 'The page. '), ...prose(info.page)));
  const list = element('dl');
  const facts = { why: info.why, 'to mend': info.remedy, source: info.source, strength: info.strength };
  for (const [name, text] of Object.entries(facts)) list.append(element('dt', {}, name), element('dd', {}, ...prose(text)));
  box.append(element('details', {}, element('summary', {}, 'Why, and how to mend it'), list));
  return box;
}

function writeHead(runs) {
  document.getElementById('title').textContent = runs.map((run) => run.name).join(' beside ');
  const parts = runs.map((run) => {
    const clock = { simulation: 'simulation', real: 'real time', virtual: 'virtual time', adversarial: 'adversarial time' }[run.clock];
    const drivers = run.adapters.length ? `${run.adapters.join(', ')}: ` : '';
    return `${drivers}${plural(run.length, 'event')}, ${plural(run.packets, 'packet')}, ${clock}`;
  });
  document.getElementById('summary').textContent = parts.join('. ');
  const place = document.getElementById('verdicts');
  for (const run of runs) {
    const rules = [...new Set(run.breaks.map((one) => one.rule))];
    for (const rule of rules) {
      const box = verdictOf(rule, run.breaks.filter((one) => one.rule === rule), run);
      if (runs.length > 1) box.prepend(paragraph(element('small', {}, run.name)));
      place.append(box);
    }
    if (run.choice) {
      place.append(element('div', { class: 'verdict choice' }, paragraph(element('b', {}, 'The choice that matters. '), run.choice.words)));
    }
  }
  if (runs.every((run) => !run.breaks.length)) {
    place.append(element('div', { class: 'verdict good' }, paragraph('No rule is broken.')));
  }
  if (runs.length === 2) place.append(element('div', { class: 'verdict choice', id: 'difference' }, ...differenceOf(runs).map((text) => paragraph(text))));
}

function differenceOf(runs) {
  if (about.difference === null) return ['The two runs are the same, event by event.'];
  const at = about.difference;
  const says = runs.map((run) => {
    if (at >= run.length) return `${run.name} has ended`;
    const packet = run.packetOf(at);
    return `${run.name}: CPU ${run.cpu[at]}, ${packet ? `packet ${packet}: ` : ''}${run.said(at)}`;
  });
  const alike = at ? `The first ${plural(at, 'event')} are the same. ` : '';
  return [`${alike}Event ${(at + 1).toLocaleString('en')} is the first that differs.`, ...says];
}

function writeStory(run, choose) {
  if (!run.story || !run.story.steps.length) return;
  const { story } = run;
  document.body.classList.add('has-story');
  document.getElementById('story').hidden = false;
  const head = [`Adapter ${story.adapter}`, plural(story.cpus, 'CPU'), `${story.steps.length} of ${plural(story.events, 'event')}`];
  if (story.packet) head.unshift(`Packet ${story.packet}`);
  if (story.switches !== null) head.push(`${plural(story.switches, 'answer')} that ${story.switches === 1 ? 'is' : 'are'} not the plain one`);
  document.getElementById('story-head').textContent = `${head.join(', ')}. ${story.facts.join('. ')}`;
  const heads = ['time', 'CPU', 'from', 'to', 'what happens', `owner${story.packet ? ` of ${story.packet}` : ''}`, 'level', 'locks'];
  const body = element('tbody');
  const leftOut = (hidden) => {
    if (hidden.events) body.append(element('tr', { class: 'left-out' }, element('td', { colspan: heads.length }, `${plural(hidden.events, 'other event')}`)));
  };
  for (const step of story.steps) {
    leftOut(step.hidden);
    const said = step.broken ? `${step.text} ✗ breaks ${step.broken.rule}: ${step.broken.why}`.trim() : step.text;
    const texts = [inWords(step.time), step.cpu, step.from, step.to, said, step.owner, step.level, step.locks.join(', ')];
    body.append(element('tr', { 'data-event': step.index, class: step.broken ? 'broken' : null },
      ...texts.map((text, at) => element('td', { class: at < 2 ? 'number' : null }, String(text)))));
  }
  leftOut(story.rest);
  document.getElementById('steps').append(
    element('thead', {}, element('tr', {}, ...heads.map((text) => element('th', { scope: 'col' }, text)))), body,
  );
  body.addEventListener('click', (clicked) => {
    const row = clicked.target.closest('tr[data-event]');
    if (row) choose(+row.dataset.event);
  });
}

function writeLegend(runs) {
  const legend = document.getElementById('legend');
  const add = (colour, text) => {
    const mark = element('i');
    mark.style.background = `var(--${colour})`;
    legend.append(element('span', {}, mark, text));
  };
  add('protocol', 'the protocol owns it');
  add('ndis', 'queued in NDIS');
  add('miniport', 'the miniport owns it');
  if (runs.some((run) => run.clock === 'simulation')) add('line-owner', 'on the line');
  if (runs.some((run) => run.clock !== 'simulation')) {
    add('returning', 'completed, on its way back');
    add('level-2', 'DISPATCH_LEVEL');
    add('level-3', 'DIRQL');
    add('lock', 'a spin lock is held');
  }
  add('broken', 'a rule is broken');
  if (about.difference !== null || runs.some((run) => run.choice)) add('choice', 'first event that differs');
}
