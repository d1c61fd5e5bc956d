//! Addresses that have lost their upper half in a ULONG or a LONG. Memory that a driver is given and its variables are below
//! 2 GiB and survive that; its stack is the thread's, and does not.

/// How far out the driver's own frames are looked for.
const FAR: usize = 1 << 20;
const HALF: usize = u32::MAX as usize;

/// What the address was before, as the end of a sentence; `stack` is one of the stack that runs.
pub(crate) fn told(address: usize, stack: usize) -> &'static str {
    // A LONG comes back with its sign.
    if address > HALF && address < !(HALF >> 1) {
        return "";
    }
    let half = address & HALF;
    let whole = stack & !HALF | half;
    if whole != address && (stack - crate::memory::PAGE..stack + FAR).contains(&whole) {
        return ", which is the lower half of an address of its stack: the address of a local variable or a parameter was \
                kept in a ULONG or LONG, where there is no room for it; keep it in a PVOID or a ULONG_PTR";
    }
    if crate::image::is_lower_half(address, half) {
        return ", which is the lower half of an address in the driver's file: the address of a variable, a text or a \
                function was kept in a ULONG or LONG, and this process had no room to load the file below 2 GiB; keep it in \
                a PVOID or a ULONG_PTR";
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_an_address_of_the_stack_is_known_with_either_sign() {
        let stack = 0x7FFC_90A0_1000;
        assert!(told(0x90A0_1F00, stack).contains("its stack"));
        assert!(told(0xFFFF_FFFF_90A0_1F00, stack).contains("its stack"));
        for other in [0x7FFC_90A0_1F00, 0x90C0_1F00, 0x1F00, 0x12_0000_0000, usize::MAX] {
            assert_eq!(told(other, stack), "", "{other:#x}");
        }
    }
}
