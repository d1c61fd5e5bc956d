"""How other tools treat what each rule forbids, for the reference.

Read in their documentation in 2026; none of them was run. Driver Verifier and Static Driver Verifier know NDIS 6, its
lists of buffers, no WAN miniport. "None found" is what a search came to, and proves nothing absent.
"""

DV, SDV = "Driver Verifier", "Static Driver Verifier"

ELSEWHERE = {
    "DOUBLE": f"{DV} and {SDV} see a second completion of a *request* (NdisOidDoubleComplete, DoubleComplete), "
    "not of a send. Rust crates that pass a buffer by value (tokio-uring, embedded-dma) exclude it at compile time.",
    "LOST": f"{DV} by the clock: a send that is older than 30 s (NdisTimedDataSend). ndiskd lists pending packets and "
    "who owns them. In P it is a liveness property that the user writes. Rust crates cannot: to leak is safe Rust.",
    "FOREIGN": "None found as a rule. ndiskd's owner tracking shows it to who looks, after the crash.",
    "STALE": f"None found as a rule. With special pool {DV} faults if the memory was freed meanwhile, "
    "and not if it was sent again.",
    "EARLY": "None found.",
    "TOUCH": f"{DV}'s special pool faults on memory that was freed. Rust crates exclude it at compile time.",
    "RESERVED": "None found.",
    "PADDING": f"{DV}'s special pool faults beyond the end of an allocation; padding lies inside of one.",
    "HANDLE": "None found.",
    "STATUS_PENDING": "None found.",
    "STATUS_RESOURCES": "None found.",
    "STATUS_UNKNOWN": "None found.",
    "IRQL_COMPLETE": f"{DV} forces IRQL checks; {SDV} has some twenty IRQL rules of NDIS 6 (Irql_SendRcv_Function).",
    "IRQL_SEND": f"{DV} and {SDV}, as IRQL_COMPLETE.",
    "IRQL_LEAK": "None found as a rule of its own.",
    "IRQL_CALL": f"{DV} forces IRQL checks, which see pageable code; {SDV} has rules for families of NDIS 6 functions.",
    "LOCK_HELD": f"None directly. {DV}'s deadlock detection sees the deadlock that comes of it, if it comes.",
    "LOCK_RECURSION": f"{DV}'s deadlock detection, and {SDV}'s spin-lock rules.",
    "LOCK_UNHELD": f"{DV}'s spin-lock checks, and {SDV}'s spin-lock rules.",
    "LOCK_ORDER": f"{DV}'s deadlock detection, over the orders of one run.",
    "LOCK_FORM": "None found as a rule of its own.",
    "LOCK_LEAK": f"{DV} and {SDV}: a lock held at the return.",
    "WINDOW": "None found: the send window is NDISWAN's.",
    "LINE": "None found.",
    "SERIAL": "None found.",
    "RESET": "None found. NDIS 6 has pause in its place, with rules about a second pause.",
    "HALT": "None found as a rule; pause comes before halt in NDIS 6.",
    "INDICATE": "None found.",
    "TIMER": "None found as a rule of its own.",
    "LATE": f"{DV}: NdisTimedDataSend, 30 s of the machine's clock.",
    "HANG": f"{DV}: NdisTimedDataHang, 22 s without progress, of the machine's clock.",
    "SYNC": "None found.",
    "STATUS_LIST": "None found as a rule of its own.",
    "IRQL_FLAG": f"None found as a rule of its own; {SDV}'s rules of NDIS 6 are about the level, not about the flag.",
    "RESOURCES": "None found.",
    "FACE": f"{SDV} checks drivers of NDIS 6 only; none found that tells one kind of driver from another.",
    "PAUSE": f"{DV} has rules about pausing filters (a second pause), none found about sends that are still owed.",
    "CANCEL": "None found.",
}
