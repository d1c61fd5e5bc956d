// What is below the pointer, in words: a packet's stay with its owner, or what a CPU is doing.

function valueAt(band, event) {
  const at = placeOf(band.start, event + 1) - 1;
  return at < 0 ? 0 : band.value[at];
}

function hintAt(panel, x, y) {
  const { run, axis, bars } = panel;
  const number = panel.layout.lanes.findIndex((one) => y >= one.y && y < one.y + one.height);
  if (number < 0 || x < LABEL) return '';
  const lane = panel.layout.lanes[number];
  const event = Math.min(run.length - 1, Math.max(0, axis.eventAt(run, axis.placeAt(x - LABEL, panel.width)) - 1));
  if (lane.bands && y < lane.top) {
    const cpu = panel.bands.cpus[lane.cpu];
    const name = (band) => panel.bands.names[valueAt(band, event)];
    const level = valueAt(cpu.level, event);
    const held = name(cpu.held);
    const inside = name(cpu.entry) ? `in ${name(cpu.entry)}` : 'in no entry point';
    return `CPU ${lane.cpu}: ${inside}, ${LEVELS[level] ?? `DIRQL ${level}`}, ${held ? `holds ${held}` : 'no lock held'}`;
  }
  const bar = panel.barAt(number, x, y);
  if (bar < 0) return '';
  const [from, to] = [bars.start[bar], bars.end[bar]];
  const until = to < run.length ? `${to + 1}` : 'the end';
  const took = to < run.length ? `, ${inWords(run.time[to] - run.time[from])}` : '';
  return `Packet ${run.nameOf(bars.packet[bar])}, ${about.owners[bars.owner[bar]]}: event ${from + 1} to ${until}${took}`;
}
