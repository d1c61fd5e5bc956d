//! An instruction of a driver's that reaches, by a pointer, memory of its card behind which there is a device model.
//!
//! The instruction faults: its page is closed. The handler keeps the driver's registers on the driver's own stack and has the
//! thread go on in [`reach`], as if the driver had called a function there. That one takes the instruction apart, has the model
//! answer what is to be read, opens the page with the answer on it and asks ([`resume`]) for the registers back, with the flag that
//! traps after one instruction. The processor runs it. The trap closes the page, or has the thread go on in `reach` once more if
//! something was written, which the model is told.
//!
//! So the model runs where it may do what it may do in any call: break a rule, raise an interrupt, be suspended by an explorer.

use std::cell::Cell;
use std::ptr;

use iced_x86::{Decoder, DecoderOptions, Instruction, InstructionInfoFactory, OpAccess, Register};
use libc::{greg_t, ucontext_t};

use crate::card::Card;
use crate::context::{self, Here};
use crate::memory::{Access, PAGE, pages, protect};
use crate::peek;

/// Bytes below its stack's end that a function may use without a word.
const RED_ZONE: usize = 128;
/// Flags that a function does not expect: one step at a time, backwards.
const TRAP: greg_t = 0x100;
const BACKWARDS: greg_t = 0x400;
/// Registers that are the program's; the kernel's are behind them.
const OWN: usize = libc::REG_EFL as usize + 1;
/// An access takes as long as so many more calls, of which a driver that polls for ever may make some.
const WEIGHT: u64 = 3;
/// The longest instruction.
const LONGEST: usize = 15;

/// A driver in the middle of an instruction. On its stack, with the state of its vector registers behind it.
#[repr(C, align(64))]
struct Interrupted {
    registers: [greg_t; OWN],
    /// Whether the instruction has run.
    ran: bool,
    /// What it wants of mapped memory.
    wants: [Want; 2],
    /// Bytes of vector registers.
    vectors: usize,
}

/// Bytes of mapped memory that an instruction reads, writes or both; none if the length is 0.
#[derive(Copy, Clone, Debug, Default)]
struct Want {
    address: usize,
    length: usize,
    reads: bool,
    writes: bool,
}

impl Want {
    fn protect(self, access: Access) {
        if self.length > 0 {
            let page = self.address & !(PAGE - 1);
            protect(page, pages(self.address + self.length - page), access);
        }
    }
}

fn close(wants: [Want; 2]) {
    for want in wants {
        want.protect(Access::Nothing);
    }
}

thread_local! {
    /// Whose registers the illegal instruction asks for that is next.
    static RESUMED: Cell<*mut Interrupted> = const { Cell::new(ptr::null_mut()) };
    /// Whose instruction is running by itself.
    static STEPPING: Cell<*mut Interrupted> = const { Cell::new(ptr::null_mut()) };
}

/// The state of vector registers in a handler's context: where, and how many bytes. The kernel says, behind what has been there
/// always, whether there is more, and how much.
fn vectors(context: &ucontext_t) -> (*mut u8, usize) {
    const OLD: usize = 512;
    const WORDS: usize = 464;
    const MAGIC: u32 = 0x4650_5853;
    let start = context.uc_mcontext.fpregs.cast::<u8>();
    // SAFETY: the kernel's, 512 bytes at least.
    let [magic, size] = unsafe { start.add(WORDS).cast::<[u32; 2]>().read_unaligned() };
    (start, if magic == MAGIC { size as usize } else { OLD })
}

/// In a handler: has the thread go on in [`reach`] instead of at the instruction that faulted or has run. False if its stack has
/// no room for that.
pub(crate) fn begin(context: &mut ucontext_t) -> bool {
    let (state, length) = vectors(context);
    let stack = context.uc_mcontext.gregs[libc::REG_RSP as usize] as usize;
    let Some(at) = stack.checked_sub(RED_ZONE + size_of::<Interrupted>() + length) else {
        return false;
    };
    let at = at & !63;
    let room = (at - 2 * PAGE..stack).step_by(PAGE);
    if !room.into_iter().all(|page| peek::get::<u8>(page).is_some()) {
        return false;
    }
    let mut registers = [0; OWN];
    registers.copy_from_slice(&context.uc_mcontext.gregs[..OWN]);
    let record = at as *mut Interrupted;
    let new = Interrupted { registers, ran: false, wants: Default::default(), vectors: length };
    // SAFETY: the driver's stack, below what it uses; there is room, as was asked.
    unsafe {
        record.write(new);
        ptr::copy_nonoverlapping(state, record.add(1).cast(), length);
    }
    go_to_reach(context, record);
    true
}

fn go_to_reach(context: &mut ucontext_t, record: *mut Interrupted) {
    let registers = &mut context.uc_mcontext.gregs;
    let back = record as usize - 8; // where a call leaves the address behind it
    // SAFETY: below the record, where there is room.
    unsafe { (back as *mut greg_t).write(registers[libc::REG_RIP as usize] + 1) };
    registers[libc::REG_RIP as usize] = reach as *const () as greg_t;
    registers[libc::REG_RDI as usize] = record as greg_t;
    registers[libc::REG_RSP as usize] = back as greg_t;
    registers[libc::REG_EFL as usize] &= !(TRAP | BACKWARDS);
}

/// In a handler of a fault of the driver's: what is to be done about it if it is of what is here; whether it was.
pub(crate) fn goes_on(signal: libc::c_int, context: &mut ucontext_t) -> bool {
    let resumed = if signal == libc::SIGILL { RESUMED.take() } else { ptr::null_mut() };
    if !resumed.is_null() {
        give_back(context, resumed);
        return true;
    }
    let record = if signal == libc::SIGTRAP { STEPPING.take() } else { ptr::null_mut() };
    if record.is_null() {
        return false;
    }
    // SAFETY: on the stack of the driver, which has run one instruction since and is here now.
    let wants = unsafe { (*record).wants };
    context.uc_mcontext.gregs[libc::REG_EFL as usize] &= !TRAP;
    if wants.iter().any(|want| want.writes) {
        // SAFETY: as above; nobody else has the record.
        unsafe {
            (*record).ran = true;
            (*record).registers.copy_from_slice(&context.uc_mcontext.gregs[..OWN]);
            let (state, length) = vectors(context);
            ptr::copy_nonoverlapping(state, record.add(1).cast(), length.min((*record).vectors));
        }
        go_to_reach(context, record);
    } else {
        close(wants);
    }
    true
}

/// In a handler: the instruction is not to run by itself; something else has come between.
pub(crate) fn cancel(registers: &mut [greg_t; 23]) {
    let record = STEPPING.take();
    if !record.is_null() {
        registers[libc::REG_EFL as usize] &= !TRAP;
        // SAFETY: as in `goes_on`.
        close(unsafe { (*record).wants });
    }
}

/// In a handler: the driver's registers as they were kept.
fn give_back(context: &mut ucontext_t, record: *mut Interrupted) {
    // SAFETY: `resume` gave it; it is on the stack that runs.
    unsafe {
        context.uc_mcontext.gregs[..OWN].copy_from_slice(&(*record).registers);
        let (state, length) = vectors(context);
        if length == (*record).vectors {
            ptr::copy_nonoverlapping(record.add(1).cast(), state, length);
        }
        if !(*record).ran {
            context.uc_mcontext.gregs[libc::REG_EFL as usize] |= TRAP;
            STEPPING.set(record);
        }
    }
}

/// Goes on where the driver was: only the kernel can load all of its registers.
fn resume(record: *mut Interrupted) -> ! {
    RESUMED.set(record);
    // SAFETY: the handler does not come back here.
    unsafe { std::arch::asm!("ud2", options(noreturn)) }
}

/// What the driver calls without knowing.
extern "C-unwind" fn reach(record: *mut Interrupted) -> ! {
    context::weighs(WEIGHT);
    crate::exports::guarded("memory of the card, by a pointer", |here| {
        // SAFETY: on this stack, further out; nobody else has it.
        let record = unsafe { &mut *record };
        if record.ran { tell(here, record) } else { ask(here, record) }
    });
    resume(record)
}

/// Before the instruction: has the model answer what it reads.
fn ask(here: &Here, record: &mut Interrupted) {
    let Some(card) = here.card() else { return };
    let Some(wants) = wanted(card, &record.registers) else {
        std::panic::resume_unwind(Box::new(format!(
            "the driver crashed: it reached memory of the card by an instruction that ndiswan cannot take apart{}",
            crate::fault::callers()
        )));
    };
    let mut held = [0; 2].map(|_: u8| Vec::new());
    for (want, held) in wants.iter().zip(&mut held) {
        held.resize(want.length, 0xFF);
        if want.reads {
            card.read_mapped(want.address, held);
        }
    }
    for (want, held) in wants.iter().zip(&held) {
        want.protect(Access::All);
        peek::write_as_is(want.address, held);
    }
    record.wants = wants;
}

/// Behind the instruction: tells the model what was written.
fn tell(here: &Here, record: &mut Interrupted) {
    let held = record.wants.map(|want| {
        let mut held = vec![0; want.length];
        peek::read_as_is(want.address, &mut held);
        held
    });
    let wants = std::mem::take(&mut record.wants);
    close(wants);
    for (want, held) in wants.iter().zip(&held) {
        if want.writes
            && let Some(card) = here.card()
        {
            card.write_mapped(want.address, held);
        }
    }
}

/// What the instruction at which the registers are wants of the card's mapped memory; none if nothing is known of it.
fn wanted(card: &Card, registers: &[greg_t; OWN]) -> Option<[Want; 2]> {
    let pc = registers[libc::REG_RIP as usize] as usize;
    let code = (1..=LONGEST).rev().find_map(|length| peek::bytes(pc, length))?;
    let instruction = Decoder::with_ip(64, &code, pc as u64, DecoderOptions::NONE).decode();
    let mut all = [Want::default(); 2];
    let mut count = 0;
    for want in operands(&instruction, registers) {
        // Part of it may be in the range, and another before or behind.
        if want.length > 0 && card.is_modelled(want.address) {
            *all.get_mut(count)? = want;
            count += 1;
        }
    }
    (count > 0).then_some(all)
}

/// The memory that an instruction reads and writes.
fn operands(instruction: &Instruction, registers: &[greg_t; OWN]) -> Vec<Want> {
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(instruction);
    let value = |register, _: usize, _: usize| value_of(register, registers);
    let step = instruction.is_string_instruction();
    let wants = info.used_memory().iter().filter_map(|memory| {
        use OpAccess::{CondRead, CondWrite, Read, ReadCondWrite, ReadWrite, Write};
        let reads = matches!(memory.access(), Read | CondRead | ReadWrite | ReadCondWrite);
        let writes = matches!(memory.access(), Write | CondWrite | ReadWrite | ReadCondWrite);
        // Of a repeated one an iteration runs at a time.
        let size = if step { instruction.memory_size() } else { memory.memory_size() };
        let address =
            if step { value(memory.base(), 0, 0)? } else { memory.virtual_address(0, value)? };
        Some(Want { address: address as usize, length: size.size(), reads, writes })
    });
    wants.collect()
}

/// What a register holds; segments begin at 0, but for those of a thread, in which no card is.
fn value_of(register: Register, registers: &[greg_t; OWN]) -> Option<u64> {
    let of = |number: libc::c_int| registers[number as usize] as u64;
    if matches!(register, Register::CS | Register::DS | Register::ES | Register::SS) {
        return Some(0);
    }
    if register == Register::RIP {
        return Some(of(libc::REG_RIP));
    }
    let number = match register.full_register() {
        Register::RAX => libc::REG_RAX,
        Register::RBX => libc::REG_RBX,
        Register::RCX => libc::REG_RCX,
        Register::RDX => libc::REG_RDX,
        Register::RSI => libc::REG_RSI,
        Register::RDI => libc::REG_RDI,
        Register::RBP => libc::REG_RBP,
        Register::RSP => libc::REG_RSP,
        Register::R8 => libc::REG_R8,
        Register::R9 => libc::REG_R9,
        Register::R10 => libc::REG_R10,
        Register::R11 => libc::REG_R11,
        Register::R12 => libc::REG_R12,
        Register::R13 => libc::REG_R13,
        Register::R14 => libc::REG_R14,
        Register::R15 => libc::REG_R15,
        _ => return None,
    };
    let whole = of(number);
    Some(if register.size() == 4 { whole & 0xFFFF_FFFF } else { whole })
}
