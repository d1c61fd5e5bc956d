// What the keys and the buttons do, from one list: each command has its keys, its button, and its words.

function commandsOf(view) {
  return [
    { keys: ['ArrowRight', 'j'], button: 'forward', words: 'one event forward', run: () => view.step(1) },
    { keys: ['ArrowLeft', 'k'], button: 'back', words: 'one event back', run: () => view.step(-1) },
    { keys: ['Shift+ArrowRight', 'J'], words: 'next event of the same packet', run: () => view.stepPacket(1) },
    { keys: ['Shift+ArrowLeft', 'K'], words: 'event before of the same packet', run: () => view.stepPacket(-1) },
    { keys: ['Home'], button: 'first', words: 'first event', run: () => view.toEnd(-1) },
    { keys: ['End'], button: 'last', words: 'last event', run: () => view.toEnd(1) },
    { keys: ['v'], button: 'to-break', words: 'next place where a rule is broken', run: () => view.toBreak() },
    { keys: ['c'], button: 'to-choice', words: 'the choice that matters', run: () => view.toChoice() },
    { keys: ['d'], button: 'to-difference', words: 'first event that differs', run: () => view.toDifference() },
    { keys: ['+', '='], button: 'zoom-in', words: 'closer', run: () => view.zoom(0.5) },
    { keys: ['-'], button: 'zoom-out', words: 'farther', run: () => view.zoom(2) },
    { keys: ['0'], button: 'fit', words: 'the whole run', run: () => view.fit() },
    { keys: ['p'], words: 'only the packet of this event, or all again', run: () => view.onlyThis() },
    { keys: ['/'], words: 'search', run: () => document.getElementById('search').focus() },
    { keys: ['Escape'], button: 'clear', words: 'no filter', run: () => view.clear() },
    { keys: ['t'], words: 'light or dark', run: () => view.otherGround() },
    { keys: ['?'], button: 'help', words: 'this list', run: () => document.getElementById('keys').showModal() },
  ];
}

const KEY_NAMES = { ArrowRight: '→', ArrowLeft: '←', 'Shift+ArrowRight': 'Shift →', 'Shift+ArrowLeft': 'Shift ←', Escape: 'Esc' };

function listen(view) {
  const commands = commandsOf(view);
  const byKey = new Map();
  const list = document.getElementById('key-list');
  for (const command of commands) {
    for (const key of command.keys) byKey.set(key, command);
    if (command.button) document.getElementById(command.button).addEventListener('click', command.run);
    const keys = command.keys.flatMap((key, at) => [at ? ' ' : '', element('kbd', {}, KEY_NAMES[key] ?? key)]);
    list.append(element('tr', {}, element('td', {}, ...keys), element('td', {}, command.words)));
  }
  document.addEventListener('keydown', (pressed) => {
    if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || document.querySelector('dialog[open]')) return;
    const { target } = pressed;
    if (target.closest('input, select') && pressed.key !== 'Escape') return;
    const shifted = pressed.shiftKey && pressed.key.startsWith('Arrow');
    const command = byKey.get(shifted ? `Shift+${pressed.key}` : pressed.key);
    if (!command) return;
    pressed.preventDefault();
    command.run();
    if (pressed.key === 'Escape') target.blur();
  });
  for (const name of ['packet', 'search']) later(document.getElementById(name), () => view.filterBy());
  for (const name of ['link', 'rule']) document.getElementById(name).addEventListener('change', () => view.filterBy());
  document.getElementById('axis').addEventListener('change', (changed) => view.across(changed.target.value));
  document.getElementById('theme').addEventListener('change', (changed) => view.ground(changed.target.value));
  document.getElementById('earlier').addEventListener('click', () => view.page(-1));
  document.getElementById('later').addEventListener('click', () => view.page(1));
}

// While somebody types nothing is filtered: of a million events each letter would take a while.
function later(input, act) {
  let waiting = 0;
  input.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(act, 150);
  });
  input.addEventListener('change', () => { clearTimeout(waiting); act(); });
}

// Drags, the wheel and clicks on the lanes, and on the strip of the whole run.
function listenTo(panel, view) {
  const { canvas } = panel;
  let from = null;
  canvas.addEventListener('pointerdown', (pressed) => {
    from = { x: pressed.offsetX, y: pressed.offsetY, moved: false };
    canvas.setPointerCapture(pressed.pointerId);
  });
  canvas.addEventListener('pointermove', (moved) => {
    if (!from) {
      canvas.title = hintAt(panel, moved.offsetX, moved.offsetY);
      return;
    }
    const by = moved.offsetX - from.x;
    if (!from.moved && Math.abs(by) < 4) return;
    from.moved = true;
    from.x = moved.offsetX;
    view.move(-by / panel.width);
  });
  canvas.addEventListener('pointerup', (released) => {
    if (from && !from.moved) view.select(panel.eventAt(released.offsetX, released.offsetY));
    from = null;
  });
  canvas.addEventListener('wheel', (turned) => {
    const sideways = Math.abs(turned.deltaX) > Math.abs(turned.deltaY);
    if (!turned.ctrlKey && !sideways) return; // the page scrolls
    turned.preventDefault();
    if (sideways) view.move(turned.deltaX / panel.width);
    else view.zoom(1.0025 ** turned.deltaY, view.axis.placeAt(turned.offsetX - LABEL, panel.width));
  }, { passive: false });
}

function listenToOverview(overview, view) {
  const { canvas } = overview;
  const go = (event) => { if (event.buttons) view.lookAt(overview.placeAt(event.offsetX)); };
  canvas.addEventListener('pointerdown', (pressed) => { canvas.setPointerCapture(pressed.pointerId); go(pressed); });
  canvas.addEventListener('pointermove', go);
}
