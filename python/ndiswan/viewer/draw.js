// One run's lanes on its canvas. Only what is visible is drawn, and nothing finer than a pixel.

// The canvas's context, with as many pixels as the screen has, cleared.
function sized(canvas, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  canvas.style.height = `${height}px`;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

class Panel {
  constructor(run, canvas, axis) {
    Object.assign(this, { run, canvas, axis });
    this.bars = new Bars(run);
    this.bands = run.clock === 'simulation' ? null : bandsOf(run);
    this.layout = arrange(this.bars, this.bands !== null);
    this.width = 10;
  }

  laneOfText() {
    this.laneByText ??= this.run.texts.map((text) => this.bars.byName.get(text[1]) ?? 1);
    return this.laneByText;
  }

  x(event) { return LABEL + this.axis.x(this.run, event, this.width); }

  draw(state, colours) {
    const context = sized(this.canvas, this.layout.height);
    this.width = Math.max(10, this.canvas.clientWidth - LABEL); // asked once: the browser lays the page out to answer
    const { run, axis } = this;
    const first = Math.max(0, axis.eventAt(run, axis.from) - 1);
    const last = Math.min(run.length, axis.eventAt(run, axis.to) + 1);
    const mask = state.masks[run.number];
    this.drawGround(context, colours);
    context.save();
    context.beginPath();
    context.rect(LABEL, 0, this.width, this.layout.height);
    context.clip();
    if (this.bands) this.drawBands(context, colours, [first, last]);
    if (last - first > DENSE * this.width) {
      const edges = pixelsOf(axis, run, Math.floor(this.width));
      drawCounts(context, this, edges, colours);
      drawHeat(context, this, edges, colours, mask);
    } else {
      this.drawBars(context, colours, state, [first, last]);
      this.drawDots(context, colours, mask, [first, last]);
    }
    this.drawMarks(context, colours, state, [first, last]);
    context.restore();
    this.drawTicks(context, colours);
  }

  drawGround(context, colours) {
    context.font = '12px system-ui, sans-serif';
    context.textBaseline = 'middle';
    this.layout.lanes.forEach((lane, at) => {
      context.fillStyle = at % 2 ? colours.paper : colours.stripe;
      context.fillRect(0, lane.y, LABEL + this.width, lane.height);
      context.fillStyle = colours.line;
      context.fillRect(0, lane.y, LABEL + this.width, 1);
      context.fillStyle = colours.ink;
      context.fillText(lane.title, 8, lane.bands ? lane.y + 11 : (lane.top + lane.bottom) / 2);
      if (!lane.bands) return;
      context.fillStyle = colours.faint;
      context.font = '10px system-ui, sans-serif';
      context.fillText('level', 20, lane.y + ENTRY + 9);
      context.fillText('locks', 20, lane.y + ENTRY + STRIP + 9);
      if (lane.bottom - lane.top >= ROW) context.fillText('packets', 20, (lane.top + lane.bottom) / 2 + 2);
      context.font = '12px system-ui, sans-serif';
    });
    context.fillStyle = colours.line;
    context.fillRect(LABEL - 1, TICKS, 1, this.layout.height);
  }

  drawBands(context, colours, range) {
    const { cpus, names } = this.bands;
    const x = (event) => this.x(event);
    context.font = '11px system-ui, sans-serif';
    for (const lane of this.layout.lanes) {
      if (!lane.bands) continue;
      const cpu = cpus[lane.cpu];
      const level = lane.y + ENTRY + 5;
      drawBand(context, cpu.entry, x, range, (name, from, to) => {
        context.fillStyle = colours.raised;
        context.fillRect(from, lane.y + 2, to - from, ENTRY);
        context.fillStyle = colours.line;
        context.fillRect(from, lane.y + 2, 1, ENTRY);
        if (to - from < 20) return;
        context.fillStyle = colours.ink;
        context.fillText(fitting(context, names[name], to - from - 8), from + 4, lane.y + 10);
      });
      drawBand(context, cpu.level, x, range, (irql, from, to) => {
        context.fillStyle = levelColour(colours, irql);
        context.fillRect(from, level, to - from, STRIP - 3);
      });
      drawBand(context, cpu.held, x, range, (name, from, to) => {
        context.fillStyle = colours.lock;
        context.fillRect(from, level + STRIP, to - from, STRIP - 3);
      });
    }
  }

  // Bars row by row: of what is too narrow to be seen, one a pixel.
  drawBars(context, colours, state, [first, last]) {
    const { bars } = this;
    const packets = state.packets[this.run.number];
    context.font = '11px system-ui, sans-serif';
    this.layout.lanes.forEach((lane, number) => {
      for (let row = 0; row < lane.rows; row++) {
        const at = bars.firstRow[number] + row;
        const list = bars.inRow.subarray(bars.rowStart[at], bars.rowStart[at + 1]);
        let place = Math.max(0, firstEndingAfter(list, bars.end, first));
        while (place < list.length && bars.start[list[place]] < last) {
          this.drawBar(context, colours, lane, list[place], packets, state);
          place++;
        }
      }
    });
    this.drawWays(context, colours, state);
  }

  boxOf(lane, bar) {
    const { bars } = this;
    const from = Math.max(LABEL - 4, this.x(bars.start[bar]));
    const to = Math.min(LABEL + this.width + 4, this.x(bars.end[bar]));
    const tall = Math.max(1.5, lane.rowHeight - (lane.rowHeight > 5 ? 2 : 0.5));
    return { from, to: Math.max(to, from + 1.5), y: lane.top + bars.row[bar] * lane.rowHeight, tall };
  }

  drawBar(context, colours, lane, bar, packets, state) {
    const { bars } = this;
    const { from, to, y, tall } = this.boxOf(lane, bar);
    const packet = bars.packet[bar];
    context.globalAlpha = packets && !packets[packet] ? 0.15 : 1;
    context.fillStyle = colours.owners[bars.owner[bar]];
    context.fillRect(from, y, Math.max(1, to - from - (to - from > 4 ? 1 : 0)), tall);
    if (tall >= 10 && to - from > 22) {
      const text = fitting(context, this.run.nameOf(packet), to - from - 6);
      context.fillStyle = colours.onBar[bars.owner[bar]];
      context.fillText(text, from + 4, y + tall / 2 + 0.5);
    }
    if (packet === state.packetOf(this.run)) {
      context.strokeStyle = colours.select;
      context.lineWidth = 1.5;
      context.strokeRect(from + 0.75, y + 0.75, Math.max(1, to - from - 2), tall - 1.5);
      context.lineWidth = 1;
    }
    context.globalAlpha = 1;
  }

  // The way of the selected packet from lane to lane.
  drawWays(context, colours, state) {
    const packet = state.packetOf(this.run);
    if (packet < 0) return;
    const { bars } = this;
    const low = placeOf(bars.start.subarray(0, bars.count), Math.max(0, this.axis.eventAt(this.run, this.axis.from) - 4096));
    let before = -1;
    context.strokeStyle = colours.select;
    context.beginPath();
    for (let bar = low; bar < bars.count && this.x(bars.start[bar]) <= LABEL + this.width; bar++) {
      if (bars.packet[bar] !== packet) continue;
      if (before >= 0 && bars.end[before] === bars.start[bar]) {
        const lanes = this.layout.lanes;
        const middle = (of) => this.boxOf(lanes[bars.lane[of]], of).y + lanes[bars.lane[of]].rowHeight / 2;
        const x = Math.round(this.x(bars.start[bar])) + 0.5;
        context.moveTo(x, middle(before));
        context.lineTo(x, middle(bar));
      }
      before = bar;
    }
    context.stroke();
  }

  drawDots(context, colours, mask, [first, last]) {
    for (let at = first; at < last; at++) {
      const lane = this.layout.lanes[this.bars.laneOfEvent(at)];
      context.fillStyle = mask && !mask[at] ? colours.line : this.run.owner[at] ? colours.owners[this.run.owner[at]] : colours.faint;
      context.beginPath();
      context.arc(this.x(at), lane.bottom + DOTS / 2, 2.6, 0, 7);
      context.fill();
    }
  }

  drawMarks(context, colours, state, [first, last]) {
    const { run } = this;
    if (about.difference !== null) this.drawLine(context, about.difference, colours.choice, 'first difference', [5, 3]);
    if (run.choice && run.choice.event !== null && run.choice.event !== about.difference) {
      this.drawLine(context, run.choice.event, colours.choice, 'choice', [5, 3]);
    }
    let free = -Infinity;
    for (const broken of run.breaks) {
      if (broken.event < first || broken.event >= last) continue;
      const x = this.x(broken.event);
      this.drawLine(context, broken.event, colours.broken, x > free ? `✗ ${broken.rule}` : '', []);
      if (x > free) free = x + 90;
    }
    if (state.event < run.length) {
      const x = this.x(state.event);
      const lane = this.layout.lanes[this.bars.laneOfEvent(state.event)];
      context.fillStyle = colours.select;
      context.fillRect(Math.round(x), TICKS - 4, 1, this.layout.height);
      context.strokeStyle = colours.select;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, lane.bottom + DOTS / 2, 5, 0, 7);
      context.stroke();
      context.lineWidth = 1;
    }
  }

  // A line through all lanes. Marks of two kinds may stand close together: each has a row for its words.
  drawLine(context, event, colour, text, dashes) {
    const x = Math.round(this.x(event)) + 0.5;
    if (x < LABEL || x > LABEL + this.width) return;
    context.strokeStyle = colour;
    context.setLineDash(dashes);
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x, 2);
    context.lineTo(x, this.layout.height);
    context.stroke();
    context.lineWidth = 1;
    context.setLineDash([]);
    if (!text) return;
    context.font = '600 12px system-ui, sans-serif';
    const wide = context.measureText(text).width;
    context.fillStyle = colour;
    const left = x + wide + 5 > LABEL + this.width;
    context.fillText(text, left ? x - wide - 5 : x + 5, dashes.length ? 9 : 23);
  }

  drawTicks(context, colours) {
    const { axis } = this;
    context.fillStyle = colours.faint;
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.fillText(axis.kind === 'order' ? 'event' : 'time', 8, TICKS - 9);
    const first = axis.kind === 'order' ? 1 : 0; // the first event's number
    for (const tick of ticksOf(axis.from + first, axis.to + first, Math.max(2, this.width / 140))) {
      if (tick < axis.begin + first || (first && tick % 1)) continue;
      const x = LABEL + (tick - first - axis.from) / axis.span * this.width;
      context.globalAlpha = 0.5;
      context.fillRect(Math.round(x), TICKS - 10, 1, 10);
      context.globalAlpha = 1;
      context.fillText(first ? tick.toLocaleString('en') : inWords(tick), x + 3, TICKS - 9);
    }
  }

  // The event that somebody means who points there: a dot nearby, else the begin of a bar, else what is nearest.
  eventAt(x, y) {
    const { run, axis, bars } = this;
    const lane = this.layout.lanes.findIndex((one) => y >= one.y && y < one.y + one.height);
    const near = (pixels) => axis.eventAt(run, axis.placeAt(x - LABEL + pixels, this.width));
    let best = -1;
    const last = Math.min(near(7), near(-7) + 2000);
    for (let at = near(-7); at < last; at++) {
      if (bars.laneOfEvent(at) !== lane) continue;
      if (best < 0 || Math.abs(this.x(at) - x) < Math.abs(this.x(best) - x)) best = at;
    }
    if (best >= 0 && (lane < 0 || y > this.layout.lanes[lane].bottom)) return best;
    const bar = lane < 0 ? -1 : this.barAt(lane, x, y);
    if (bar >= 0) return bars.start[bar];
    if (best >= 0) return best;
    return Math.max(0, Math.min(run.length - 1, near(0)));
  }

  barAt(lane, x, y) {
    const { bars } = this;
    const placed = this.layout.lanes[lane];
    const row = Math.floor((y - placed.top) / placed.rowHeight);
    if (row < 0 || row >= placed.rows) return -1;
    const at = bars.firstRow[lane] + row;
    const list = bars.inRow.subarray(bars.rowStart[at], bars.rowStart[at + 1]);
    const event = this.axis.eventAt(this.run, this.axis.placeAt(x - LABEL, this.width)) - 1;
    const bar = list[Math.max(0, firstEndingAfter(list, bars.end, event))];
    return bar !== undefined && this.x(bars.start[bar]) <= x + 2 ? bar : -1;
  }
}

// In a row of bars, the first that ends behind an event.
function firstEndingAfter(list, end, event) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end[list[middle]] <= event) low = middle + 1; else high = middle;
  }
  return low;
}
