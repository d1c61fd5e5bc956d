/* The way into a driver and out of it: calls that return, calls that are left, functions that are not there. */
#define _GNU_SOURCE 1
#include <signal.h>
#include <ucontext.h>
#include "engine.h"

static void *frame;
static char absent[64];

static uintptr_t sum(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e, uintptr_t f, uintptr_t g, uintptr_t h)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
}

static uintptr_t leaves(uintptr_t deep)
{
    volatile char space[64];

    space[0] = (char)deep;
    if (deep == 0)
        ndiswan_abandon(frame);
    return leaves(deep - 1) + (uintptr_t)space[0];
}

static uintptr_t nests(void)
{
    uintptr_t argument = 20, result = 7;
    void *mine = frame;

    IS(ndiswan_invoke((void *)leaves, &argument, 1, &result, &frame), 1);
    IS(result, 7);
    IS(frame == mine, 1);
    return 42;
}

static void missing(const char *name)
{
    strcpy(absent, name);
    ndiswan_abandon(frame);
}

static uintptr_t asks(void)
{
    return KeGetCurrentIrql();
}

static KIRQL level(void)
{
    return DISPATCH_LEVEL;
}

static uintptr_t faults(void)
{
    LIST_ENTRY head, entry;

    head.Flink = NULL;
    head.Blink = (PLIST_ENTRY)(ULONG_PTR)8;
    ExInterlockedInsertTailList(&head, &entry, NULL);
    return 0;
}

/* As the engine does it: the thread goes on in ndiswan_abandon, with the stack as a call would leave it. */
static void on_fault(int number, siginfo_t *information, void *context)
{
    ucontext_t *machine = context;

    (void)number;
    (void)information;
    machine->uc_mcontext.gregs[REG_RIP] = (greg_t)ndiswan_abandon;
    machine->uc_mcontext.gregs[REG_RDI] = (greg_t)frame;
    machine->uc_mcontext.gregs[REG_RSP] = ((machine->uc_mcontext.gregs[REG_RSP] - 256) & ~15L) - 8;
}

int main(void)
{
    struct sigaction action = {0};
    uintptr_t eight[8] = {1, 2, 3, 4, 5, 6, 7, 8}, result = 0;

    start();
    IS(ndiswan_invoke((void *)sum, eight, 8, &result, &frame), 0);
    IS(result, 204);
    IS(frame == NULL, 1);
    IS(ndiswan_invoke((void *)nests, NULL, 0, &result, &frame), 0);
    IS(result, 42);
    IS(frame == NULL, 1);
    ndiswan_missing = missing;
    IS(ndiswan_invoke((void *)asks, NULL, 0, &result, &frame), 1);
    TEXT_IS(absent, "KeGetCurrentIrql");
    fill("KeGetCurrentIrql", (void *)level);
    IS(ndiswan_invoke((void *)asks, NULL, 0, &result, &frame), 0);
    IS((UCHAR)result, DISPATCH_LEVEL);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, NULL);
    IS(ndiswan_invoke((void *)faults, NULL, 0, &result, &frame), 1);
    IS(ndiswan_invoke((void *)faults, NULL, 0, &result, &frame), 1);
    IS(frame == NULL, 1);
    return failures != 0;
}
