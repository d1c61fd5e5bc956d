// What lasts: who owns a packet from which event to which, and of each CPU its entry point, level and locks.

const OWNER_LANES = ['', '', 'protocol', 'ndis', 'miniport', 'ring', 'line'];

// Numbers that are given back, the lowest first, so that bars stay near the top of their lane.
class Rows {
  constructor() { this.heap = []; this.count = 0; }

  take() {
    const { heap } = this;
    if (!heap.length) return this.count++;
    const least = heap[0];
    const last = heap.pop();
    if (heap.length) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= last) break;
        heap[at] = heap[child];
        at = child;
      }
      heap[at] = last;
    }
    return least;
  }

  give(row) {
    const { heap } = this;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent] <= row) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = row;
  }
}

// The lanes of a run, from top to bottom; those that nothing is ever on are left out.
function lanesOf(run) {
  const used = new Set(run.texts.map((text) => text[1]));
  const lanes = [{ name: 'protocol', title: 'protocol', cpu: -1 }, { name: 'ndis', title: run.clock === 'simulation' ? 'queue (ndis)' : 'ndis', cpu: -1 }];
  for (let cpu = 0; cpu < run.cpus; cpu++) {
    const title = run.clock === 'simulation' ? 'miniport' : `miniport, CPU ${cpu}`;
    lanes.push({ name: 'miniport', title, cpu });
  }
  if (run.clock !== 'simulation') lanes.push({ name: 'ring', title: 'ring', cpu: -1 });
  if (used.has('line')) lanes.push({ name: 'line', title: 'line', cpu: -1 });
  return lanes;
}

class Bars {
  constructor(run) {
    this.run = run;
    this.lanes = lanesOf(run);
    this.byName = new Map(this.lanes.map((lane, at) => [lane.cpu > 0 ? `miniport${lane.cpu}` : lane.name, at]));
    const most = run.length + 1;
    this.start = new Uint32Array(most);
    this.end = new Uint32Array(most);
    this.packet = new Uint32Array(most);
    this.owner = new Uint8Array(most);
    this.lane = new Uint8Array(most);
    this.row = new Uint32Array(most);
    this.count = 0;
    this.find();
    this.index();
  }

  laneFor(owner, cpu) {
    const name = OWNER_LANES[owner];
    if (name === 'miniport' && cpu > 0) return this.byName.get(`miniport${cpu}`);
    return this.byName.get(name) ?? 1;
  }

  laneOfEvent(event) {
    const name = this.run.laneOf(event);
    if (name === 'miniport' && this.run.cpu[event] > 0) return this.byName.get(`miniport${this.run.cpu[event]}`);
    return this.byName.get(name) ?? 1;
  }

  find() {
    const { run } = this;
    const rows = this.lanes.map(() => new Rows());
    const open = new Int32Array(run.slots.length / 2).fill(-1);
    for (let at = 0; at < run.length; at++) {
      if (!run.packet[at] || !run.owner[at]) continue;
      const packet = run.packet[at] - 1;
      const owner = run.owner[at];
      const bar = open[packet];
      if (bar >= 0) {
        if (this.owner[bar] === owner && run.kindOf(at) !== 'submit') continue;
        this.end[bar] = at;
        rows[this.lane[bar]].give(this.row[bar]);
        open[packet] = -1;
      }
      if (owner < 2) continue; // the pool's packets are nobody's
      const next = this.count++;
      const lane = this.laneFor(owner, run.cpu[at]);
      this.start[next] = at;
      this.end[next] = run.length;
      this.packet[next] = packet;
      this.owner[next] = owner;
      this.lane[next] = lane;
      this.row[next] = rows[lane].take();
      open[packet] = next;
    }
    this.lanes.forEach((lane, at) => { lane.rows = Math.max(1, rows[at].count); });
  }

  // Of each row its bars, which do not overlap and are in order: what is visible is found by halving.
  index() {
    const first = [];
    let total = 0;
    for (const lane of this.lanes) {
      first.push(total);
      total += lane.rows;
    }
    this.firstRow = first;
    const sizes = new Uint32Array(total + 1);
    for (let bar = 0; bar < this.count; bar++) sizes[first[this.lane[bar]] + this.row[bar] + 1]++;
    for (let at = 0; at < total; at++) sizes[at + 1] += sizes[at];
    this.rowStart = sizes;
    const filled = sizes.slice();
    this.inRow = new Uint32Array(this.count);
    for (let bar = 0; bar < this.count; bar++) {
      const row = first[this.lane[bar]] + this.row[bar];
      this.inRow[filled[row]++] = bar;
    }
  }

  // How many packets each lane has after each event: what is drawn where bars would be thinner than a line.
  counts() {
    if (this.counted) return this.counted;
    this.counted = this.lanes.map(() => new Int32Array(this.run.length + 1));
    for (let bar = 0; bar < this.count; bar++) {
      const counted = this.counted[this.lane[bar]];
      counted[this.start[bar]]++;
      counted[this.end[bar]]--;
    }
    for (const counted of this.counted) {
      for (let at = 1; at < counted.length; at++) counted[at] += counted[at - 1];
    }
    return this.counted;
  }
}

// What holds on a CPU between its events; value 0 is nothing, others are names less one.
class Band {
  constructor() { this.start = []; this.value = []; }

  set(event, value) {
    const last = this.value.length - 1;
    if (last >= 0 && this.value[last] === value) return;
    if (last >= 0 && this.start[last] === event) this.value[last] = value;
    else { this.start.push(event); this.value.push(value); }
  }
}

function bandsOf(run) {
  const names = [''];
  const known = new Map([['', 0]]);
  const numberOf = (name) => {
    if (!known.has(name)) { known.set(name, names.length); names.push(name); }
    return known.get(name);
  };
  const cpus = Array.from({ length: run.cpus }, () => ({
    entry: new Band(), level: new Band(), held: new Band(), inside: [], locks: [], before: -1,
  }));
  const kinds = run.texts.map((text) => text[0]);
  for (let at = 0; at < run.length; at++) {
    const cpu = cpus[run.cpu[at]];
    // An event says what held until it happened; what it changes shows at the CPU's next one.
    if (cpu.before >= 0) {
      cpu.level.set(cpu.before, run.irql[at]);
      while (cpu.locks.length > run.locks[at]) cpu.locks.pop();
      const held = cpu.locks.length ? cpu.locks.join(', ') : run.locks[at] ? `${run.locks[at]} locks` : '';
      cpu.held.set(cpu.before, numberOf(held));
    } else cpu.level.set(at, run.irql[at]);
    cpu.before = at;
    const number = run.values[at];
    switch (kinds[run.text[at]]) {
      case 'acquire': cpu.locks.push(run.lockNames[number] ?? `lock ${number}`); break;
      case 'release': {
        const last = cpu.locks.lastIndexOf(run.lockNames[number] ?? `lock ${number}`);
        if (last >= 0) cpu.locks.splice(last, 1);
        break;
      }
      case 'enter': cpu.inside.push(run.entries[number]); cpu.entry.set(at, numberOf(run.entries[number])); break;
      case 'leave': {
        const last = cpu.inside.lastIndexOf(run.entries[number]);
        if (last >= 0) cpu.inside.length = last;
        cpu.entry.set(at, numberOf(cpu.inside[cpu.inside.length - 1] ?? ''));
        break;
      }
      default:
    }
  }
  // What holds on a CPU after its last event is not recorded.
  for (const cpu of cpus) if (cpu.before >= 0) for (const band of [cpu.entry, cpu.level, cpu.held]) band.set(cpu.before, 0);
  return { cpus, names };
}
