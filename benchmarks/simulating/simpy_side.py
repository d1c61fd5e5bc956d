"""SimPy, four ways: two with callbacks alone, what its documentation shows, and its textbook queue."""

from collections import deque

import simpy

from simulating.workload import NS_PER_BYTE, SIZES, WINDOW, Outcome


def callbacks(n: int) -> Outcome:
    """One Timeout and one callback for each packet in flight, and no process at all."""
    env = simpy.Environment()
    timeout = env.timeout
    begun: deque[int] = deque()
    sent = count = latency = free = 0

    def send() -> None:
        nonlocal sent, free
        now = env.now
        free = max(free, now) + NS_PER_BYTE * SIZES[sent % 4096]
        sent += 1
        begun.append(now)
        timeout(free - now).callbacks.append(done)

    def done(_: object) -> None:
        nonlocal count, latency
        count += 1
        latency += env.now - begun.popleft()
        if sent < n:
            send()

    for _ in range(min(WINDOW, n)):
        send()
    env.run()
    return Outcome(count, latency, env.now)


def head(n: int) -> Outcome:
    """The same with a queue of one's own: never more than one Timeout is pending."""
    env = simpy.Environment()
    timeout = env.timeout
    line: deque[tuple[int, int]] = deque()
    sent = count = latency = 0

    def send() -> None:
        nonlocal sent
        time = NS_PER_BYTE * SIZES[sent % 4096]
        sent += 1
        line.append((env.now, time))
        if len(line) == 1:
            timeout(time).callbacks.append(done)

    def done(_: object) -> None:
        nonlocal count, latency
        begun, _ = line.popleft()
        count += 1
        latency += env.now - begun
        if line:
            timeout(line[0][1]).callbacks.append(done)
        if sent < n:
            send()

    for _ in range(min(WINDOW, n)):
        send()
    env.run()
    return Outcome(count, latency, env.now)


def store(n: int) -> Outcome:
    """A Store towards a device process, a Store back; there is always room, so nobody waits for a put."""
    env = simpy.Environment()
    line, back = simpy.Store(env), simpy.Store(env)
    count = latency = 0

    def device():
        while True:
            begun, size = yield line.get()
            yield env.timeout(NS_PER_BYTE * size)
            back.put(begun)

    def protocol():
        nonlocal count, latency
        for sent in range(min(WINDOW, n)):
            line.put((env.now, SIZES[sent % 4096]))
        for sent in range(WINDOW, n + WINDOW):
            begun = yield back.get()
            count += 1
            latency += env.now - begun
            if sent < n:
                line.put((env.now, SIZES[sent % 4096]))
            if count == n:
                return

    env.process(device())
    env.run(env.process(protocol()))
    return Outcome(count, latency, env.now)


def resource(n: int) -> Outcome:
    """The line is a Resource of capacity 1, each packet that goes round is a process."""
    env = simpy.Environment()
    line = simpy.Resource(env)
    sent = count = latency = 0

    def packet():
        nonlocal sent, count, latency
        while sent < n:
            size = SIZES[sent % 4096]
            sent += 1
            begun = env.now
            with line.request() as turn:
                yield turn
                yield env.timeout(NS_PER_BYTE * size)
            count += 1
            latency += env.now - begun

    for _ in range(WINDOW):
        env.process(packet())
    env.run()
    return Outcome(count, latency, env.now)
