"""Built-in links from Python: parameters, runs, results."""

import pytest

import ndiswan as nw
from ndiswan import models
from ndiswan.campaign import ExecutorError
from ndiswan.models import charts

T1 = models.Line(rate_bps=1_544_000)
GOOD = models.Link(traffic=models.Cbr(rate_pps=9, size=500), line=T1)


def test_a_saturated_line_is_busy_all_the_time() -> None:
    """A closed loop as large as the window keeps the line at its rate, and every packet comes back."""
    flow = models.ClosedLoop(window=4, size=500, packets=1000)
    results = models.simulate(models.Link(traffic=flow, line=T1, window=4, name="t1"))
    columns = results.columns
    assert (columns["sent"][0], columns["succeeded"][0], columns["broken"][0]) == (1000, 1000, 0)
    assert columns["utilisation"][0] == pytest.approx(1, abs=1e-9)
    assert results["t1"]["miniport"].count == 1000


def test_the_number_of_cores_changes_nothing() -> None:
    """The fingerprint and the counters of many links are the same on one core and on several."""
    flow = models.Poisson(rate_pps=300, size=models.UniformSize(64, 1500))
    link = models.Link(traffic=flow, line=T1, count=50)
    runs = []
    for threads in 1, 2, 5:
        simulation = models.Simulation(link, seed=7, threads=threads, detail="digest")
        simulation.run(5)
        results = simulation.results()
        runs.append((simulation.digest, results["link0"]["latency"].sum))
    assert runs[0] == runs[1] == runs[2]


def test_a_run_in_pieces_is_the_run() -> None:
    """Stopping at times, or after so many events, changes neither the events nor the results."""
    flow = models.Poisson(rate_pps=300, size=500)
    whole, times, events = (
        models.Simulation(models.Link(traffic=flow, line=T1, count=3), detail="digest")
        for _ in range(3)
    )
    whole.run(3)
    for until in range(1, 31):
        times.run(until / 10)
    while not events.run(3, max_events=17):
        assert events.now < 3
    assert whole.digest == times.digest == events.digest


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: models.Line(rate_bps=-1), "Line.rate_bps: expected a whole number"),
        (lambda: models.Line(rate_bps=float("nan")), "Line.rate_bps: expected a whole number"),
        (lambda: models.BitErrors(float("inf")), "BitErrors.rate: expected a finite number"),
        (
            lambda: models.Link(traffic=models.Saturating(size=9), line=T1, window=0),
            "Link.window: expected a whole number from 1",
        ),
    ],
    ids=["negative", "nan", "infinite", "no window"],
)
def test_a_parameter_that_cannot_be_is_named(make, message) -> None:
    """A wrong parameter raises where it is written, with its class and its name."""
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_time_that_overflows_is_said() -> None:
    """A line that would need more than 146 years for what it has is an error with the link and the time."""
    line = models.Line(rate_bps=8, mtu=65_536, framing=models.Overhead(2**32 - 1))
    flow = models.ClosedLoop(window=100, size=65_536, packets=1000)
    simulation = models.Simulation(models.Link(traffic=flow, line=line, window=100))
    with pytest.raises(
        ValueError, match=r"link 0: at 1000000000 ns its card has frames .*146 years"
    ):
        simulation.run(until=1)
    assert simulation.results().columns["sent"][0] > 0


@pytest.mark.parametrize("propagation_ns", [0, 5_000_000, 1_000_000_000])
def test_a_run_that_ends_by_itself_ends_when_the_last_frame_has_arrived(propagation_ns) -> None:
    """Nothing is on the wire then; the clock stands where that frame came in."""
    flow = models.Cbr(rate_pps=100, size=100, packets=100)
    line = models.Line(rate_bps=1_000_000, propagation_ns=propagation_ns)
    results = models.simulate(models.Link(traffic=flow, line=line))
    columns = results.columns
    assert (columns["sent"][0], columns["received"][0], columns["lost"][0]) == (100, 100, 0)
    assert columns["elapsed_ns"][0] == 990_000_000 + 800_000 + propagation_ns
    assert results["link0"]["delivery"].count == 100


def test_a_warm_up_that_outlives_the_traffic_is_refused() -> None:
    """Nothing would be measured, and a table of zeros would not say so."""
    flow = models.Cbr(rate_pps=100, size=100, packets=10)
    link = models.Link(traffic=flow, line=models.Line(rate_bps=1_000_000))
    with pytest.raises(ValueError, match="warmup: expected less than the traffic takes, got 20 s"):
        models.simulate(link, warmup=20)
    with pytest.raises(ValueError, match=r"until: expected a finite number from 0 to 4\.6e"):
        models.simulate(link, until=5e9)


LINE = models.Line(rate_bps=1_000_000)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: models.ClosedLoop(window=0, size=9), r"ClosedLoop\.window: expected .* from 1"),
        (lambda: models.Poisson(rate_pps=1e-12, size=9), r"Poisson\.rate_pps: expected 3\.2e-10"),
        (lambda: models.Cbr(rate_pps=1, size=0), r"Fixed\.bytes: expected .* from 1"),
        (lambda: models.Cbr(rate_pps=1, size=[1, 1 << 21]), r"Cycle\.bytes\[1\]: expected"),
        (lambda: models.UniformSize(10, 5), r"UniformSize\.high: expected .* from 10"),
        (lambda: models.Mix([1, 2], [1]), r"Mix\.weights: expected one weight for each size"),
        (lambda: models.Mix([1, 2], [0, 0]), r"Mix\.weights: expected a weight above 0"),
        (lambda: models.Pareto(mean_ns=1, alpha=1), r"Pareto\.alpha: expected a number from 1\.0"),
        (
            lambda: models.Mmpp(rates_pps=[1, 2], transitions_per_s=[[0]], size=9),
            r"Mmpp\.transitions_per_s: expected a square matrix",
        ),
        (lambda: models.GilbertElliott(0.1, 0), r"GilbertElliott\.r: expected a number from"),
        (lambda: models.Line(rate_bps=10**15), r"Line\.rate_bps: expected .* from 8"),
        (lambda: models.Card(descriptors=1 << 30), r"Card\.descriptors: expected"),
        (lambda: models.Queue(discipline=models.Drr(0)), r"Queue\.discipline\.quantum: expected"),
        (lambda: models.Link(traffic=[], line=LINE), r"Link\.traffic: expected a flow"),
        (lambda: models.Card(completes="x"), r"Card\.completes: expected one of when_sent, when_c"),
        (lambda: models.Card(completes=5), r"Card\.completes: expected one of .* inline, got 5"),
        (lambda: models.Overhead(2**40), r"Overhead\.bytes: expected .* to 4294967295, got 1099"),
        (lambda: models.Ppp(accm=2**40), r"Ppp\.accm: expected .* from 0 to 4294967295, got 1099"),
        (lambda: models.Queue(limit=2**63), r"Queue\.limit: expected .* to 4294967295, got 922"),
        (lambda: models.Multilink([LINE], header_bytes=2**40), r"Multilink\.header_bytes: expec"),
        (
            lambda: models.Mmpp(rates_pps=[1e14], transitions_per_s=[[0]], size=9),
            r"^Mmpp\.rates_pps\[0\]: expected",
        ),
        (
            lambda: models.OnOff(rate_pps=1, size=1, on=models.Constant(0), off=models.Constant(1)),
            r"^OnOff\.on\.ns: expected a number from 1",
        ),
        (
            lambda: models.OnOff(
                rate_pps=1, size=1, on=models.Uniform(0, 0), off=models.Constant(1)
            ),
            r"^OnOff\.on\.high_ns: expected a number from 1",
        ),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_where_it_is_made(make, words) -> None:
    """Not at the simulation, and by the name that its user gave it."""
    with pytest.raises(ValueError, match=words):
        make()


def test_a_part_of_another_kind_is_refused_where_it_is_made() -> None:
    """A number is no duration."""
    with pytest.raises(TypeError, match=r"OnOff\.on: expected a models\.Duration, got 3"):
        models.OnOff(rate_pps=1, size=1, on=3, off=models.Constant(4))


def test_a_channel_that_is_never_bad_loses_nothing() -> None:
    """The point of a sweep at which p is 0."""
    line = models.Line(rate_bps=1_000_000, loss=models.GilbertElliott(p=0, r=0.1))
    flow = models.Cbr(rate_pps=100, size=100, packets=1000)
    assert models.simulate(models.Link(traffic=flow, line=line)).columns["lost"][0] == 0


def test_a_card_may_be_dead_from_the_beginning() -> None:
    """A death at time 0 is one."""
    flow = models.Cbr(rate_pps=100, size=100, packets=10)
    for at in (0, 1):
        card = models.Card(dies=models.Death(at_ns=[at]))
        link = models.Link(traffic=flow, line=LINE, card=card)
        assert models.simulate(link).columns["resets"][0] == 1


def test_the_least_and_the_largest_are_exact() -> None:
    """As quantiles, too, and of several runs together; not the middle of their buckets."""
    flow = models.Poisson(rate_pps=100, size=500, packets=1000)
    link = models.Link(traffic=flow, line=LINE)
    stage = models.simulate(link, seed=1)["link0"]["latency"]
    assert stage.quantile(0) == stage.min == 4_000_000
    both = stage.merged(models.simulate(link, seed=2)["link0"]["latency"])
    assert both.quantile(1) == both.max
    times, shares = both.cdf()
    assert (times[-1], shares[-1]) == (both.max, 1)


@pytest.mark.parametrize(
    ("links", "options", "said"),
    [
        (None, {}, "links: expected a models.Link or several, got None"),
        (GOOD, {"seed": -1}, "seed: expected a whole number of 0 or more, .* got -1"),
        (GOOD, {"detail": None}, "detail: expected one of counters, digest, packets, trace, got N"),
        (GOOD, {"watch": 5}, "watch: expected a function without parameters, got 5"),
        (GOOD, {"confidence": "5"}, "confidence: expected a share between 0 and 1, got '5'"),
        (GOOD, {"confidence": None}, "confidence: expected a share between 0 and 1, got None"),
        (GOOD, {"seed": "abc"}, "seed: expected a whole number of 0 or more, .* got 'abc'"),
    ],
    ids=str,
)
def test_what_simulate_cannot_run_is_said_in_its_own_words(links, options, said) -> None:
    """Not in those of what it calls."""
    with pytest.raises((TypeError, ValueError), match=said):
        models.simulate(links, until=1, **options)


def test_what_results_do_not_have_is_said_in_their_own_words() -> None:
    """A replication that is not there, and a column that measures nothing."""
    results = models.simulate(GOOD, until=1, replications=2)
    assert results.stage("link0", "latency", -1).count == results.stage("link0", "latency", 1).count
    with pytest.raises(IndexError, match="replication: expected one of 2, counted from 0, got 9"):
        results.stage("link0", "latency", 9)
    with pytest.raises(KeyError, match=r"expected a stage \(queued, .*delivery\), got 'nope'"):
        results["link0"]["nope"]
    with pytest.raises(TypeError, match=r"others\[0\]: expected a Stage, got 5"):
        results["link0"]["latency"].merged(5)
    with pytest.raises(TypeError, match="results: expected what simulate returns, got 5"):
        charts.latency_cdf(5)
    with pytest.raises(KeyError, match="expected a column that measures, got 'link'"):
        results.interval("link")


def test_an_executor_that_is_none_is_told_which_there_are() -> None:
    """Threads and executors of the user's own are among them, which a campaign does not have."""
    with pytest.raises(
        ExecutorError,
        match=r"processes, threads, serial, .* concurrent\.futures\.Executor, got 'gpu'",
    ):
        models.sweep(lambda rate: GOOD, {"rate": [1]}, until=1, executor="gpu")  # noqa: ARG005
    with pytest.raises(TypeError, match=r"links: expected a models\.Link or several, got None"):
        models.sweep(lambda rate: None, {"rate": [1]}, until=1, executor="serial")  # noqa: ARG005


def test_a_number_of_jobs_that_is_none_is_told() -> None:
    """By its name, and before anything runs."""
    with pytest.raises(ValueError, match="jobs: expected a whole number of 1 or more"):
        models.sweep(
            lambda rate: models.Link(
                traffic=models.Poisson(rate_pps=rate, size=64), line=models.Line(64_000)
            ),
            {"rate": [1]},
            until=1,
            jobs=-1,
        )


@pytest.mark.parametrize("value", [-1, 0, 2**33, 2**64])
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda value: models.ClosedLoop(window=value, size=9), "ClosedLoop.window"),
        (models.Fixed, "Fixed.bytes"),
        (lambda value: models.Line(rate_bps=8_000, mtu=value), "Line.mtu"),
    ],
)
def test_a_number_beyond_all_that_a_field_can_hold_is_told_by_the_fields_range(make, field, value):
    """It was told by the range of all whole numbers, or, where it had 32 bits, when the simulation was made."""
    with pytest.raises(
        ValueError, match=rf"{field}: expected a whole number from 1 to \d{{4,8}}, got {value}$"
    ):
        make(value)


def test_a_negative_number_where_none_is_too_small_is_told_so():
    """Zero would do, and there is no largest one worth a word."""
    with pytest.raises(
        ValueError, match=r"ClosedLoop.start_ns: expected a whole number of 0 or more, got -3$"
    ):
        models.ClosedLoop(window=1, size=9, start_ns=-3)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: models.CardMiniport(models.Multilink([LINE] * 2)),
            r"CardMiniport\.line: expected a models\.Line, got Multilink\(",
        ),
        (lambda: models.CardMiniport(5), r"CardMiniport\.line: expected a models\.Line, got 5"),
        (lambda: models.CardMiniport(LINE, 0), r"CardMiniport\.card: expected a models\.Card, got"),
        (lambda: models.CardMiniport(LINE, window=0), r"CardMiniport\.window: expected .* got 0"),
        (lambda: models.TrafficProtocol([]), r"TrafficProtocol\.traffic: expected a flow or"),
        (lambda: models.TrafficProtocol(GOOD.traffic, queue=()), r"TrafficProtocol\.queue: expec"),
    ],
)
def test_drivers_of_models_name_their_own_parameters(make, said):
    """And a bundle of lines is no card's line: it was taken as one plain line of the summed rate."""
    with pytest.raises((TypeError, ValueError), match=said):
        make()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: models.Mix([1, 2], [1, "x"]), r"Mix\.weights\[1\]: expected a number, got 'x'$"),
        (lambda: models.Mix([1, 2], [1, float("nan")]), r"Mix\.weights\[1\]: .* got nan$"),
        (lambda: models.Replay.from_capture(5), "path: expected the path of a capture, got 5"),
        (
            lambda: models.Link(traffic=[models.Saturating(size=1)] * 300, line=LINE),
            r"Link\.traffic: expected 1 to 256 flows, got 300",
        ),
        (
            lambda: models.sweep(5, {"a": [1]}, until=1),
            "make: expected a function that makes links",
        ),
        (lambda: models.Multilink(LINE), r"Multilink\.lines: expected a list of models\.Line, got"),
    ],
)
def test_an_element_that_cannot_be_is_the_one_that_is_told(make, said) -> None:
    """The first of the weights was told for the second, as NumPy shows it."""
    with pytest.raises((TypeError, ValueError), match=said):
        make()


def test_what_watch_may_not_call_is_told_as_that() -> None:
    """It is this thread that runs, and no other one."""
    simulation = models.Simulation(models.Link(traffic=models.Saturating(size=99), line=T1))
    told = []

    def watch() -> None:
        for call in (simulation.results, simulation.clear, simulation.run, simulation.events):
            with pytest.raises(RuntimeError, match="waits for watch, which called this") as error:
                call()
            told.append(str(error.value))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulation.run(1e8, watch=watch)
    assert len(told) == 4
    assert simulation.results().columns["sent"][0] > 0


def test_a_run_that_is_over_says_so_however_it_is_asked() -> None:
    """With no more events allowed, too."""
    flow = models.Cbr(rate_pps=100, size=5, packets=3)
    simulation = models.Simulation(models.Link(traffic=flow, line=T1))
    assert not simulation.run(max_events=0)
    assert simulation.run()
    assert simulation.run(max_events=0)


@pytest.mark.parametrize("size", [1533, models.UniformSize(1, 1533), [40, 1533]])
def test_traffic_that_a_miniport_does_not_take_is_refused(size):
    """Frames beyond MaxFrameSize would never be sent, and were counted as sent."""

    class Small(nw.Miniport):
        def wan_send(self, link, packet):
            return nw.SUCCESS

    for card in (Small(), models.CardMiniport(T1)):
        traffic = models.TrafficProtocol(models.Cbr(rate_pps=9, size=size, packets=5))
        told = r"traffic: expected frames of at most 1532 bytes, .*, got sizes up to 1533"
        with nw.Ndis() as ndis, pytest.raises(ValueError, match=told):
            ndis.bind(traffic, card)
    fits = models.TrafficProtocol(models.Cbr(rate_pps=9, size=1532, packets=5))
    with nw.Ndis() as ndis:
        ndis.bind(fits, Small())
        ndis.run()
    assert fits.counters["sent"] == fits.counters["succeeded"] == 5
