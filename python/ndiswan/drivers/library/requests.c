/* Requests (IRPs) that a driver makes and sends down. No other driver is there: each comes back with STATUS_NOT_SUPPORTED. */
#include "library.h"

#define TAG 0x20707249

LIBRARY void IoInitializeIrp(PIRP irp, USHORT size, CCHAR stack_size)
{
    memset(irp, 0, size);
    irp->Type = 6;
    irp->Size = size;
    irp->StackCount = stack_size;
    irp->CurrentLocation = stack_size + 1;
    irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(irp + 1) + stack_size;
    InitializeListHead(&irp->ThreadListEntry);
}

LIBRARY PIRP IoAllocateIrp(CCHAR stack_size, BOOLEAN charge_quota)
{
    PIRP irp = ExAllocatePoolWithTag(NonPagedPool, IoSizeOfIrp(stack_size), TAG);

    (void)charge_quota;
    AT_MOST(DISPATCH_LEVEL);
    if (irp != NULL)
        IoInitializeIrp(irp, IoSizeOfIrp(stack_size), stack_size);
    return irp;
}

LIBRARY void IoReuseIrp(PIRP irp, NTSTATUS status)
{
    IoInitializeIrp(irp, irp->Size, irp->StackCount);
    irp->IoStatus.Status = status;
}

LIBRARY void IoFreeIrp(PIRP irp)
{
    AT_MOST(DISPATCH_LEVEL);
    ExFreePool(irp);
}

LIBRARY PIRP IoBuildDeviceIoControlRequest(
    ULONG code, PDEVICE_OBJECT device, PVOID in, ULONG in_length, PVOID out, ULONG out_length, BOOLEAN internal, PKEVENT event,
    PIO_STATUS_BLOCK status)
{
    PIRP irp = IoAllocateIrp(device->StackSize, FALSE);
    PIO_STACK_LOCATION next;

    AT_MOST(PASSIVE_LEVEL);
    if (irp == NULL)
        return NULL;
    next = IoGetNextIrpStackLocation(irp);
    next->MajorFunction = internal ? IRP_MJ_INTERNAL_DEVICE_CONTROL : IRP_MJ_DEVICE_CONTROL;
    next->Parameters.DeviceIoControl.IoControlCode = code;
    next->Parameters.DeviceIoControl.InputBufferLength = in_length;
    next->Parameters.DeviceIoControl.OutputBufferLength = out_length;
    next->Parameters.DeviceIoControl.Type3InputBuffer = in;
    irp->UserBuffer = out;
    irp->UserEvent = event;
    irp->UserIosb = status;
    return irp;
}

/* Up through the drivers that it passed; what IoBuildDeviceIoControlRequest made is the system's to free. */
LIBRARY NTSTATUS IofCallDriver(PDEVICE_OBJECT device, PIRP irp)
{
    PIO_STACK_LOCATION at = --irp->Tail.Overlay.CurrentStackLocation;
    NTSTATUS status = STATUS_NOT_SUPPORTED;

    AT_MOST(DISPATCH_LEVEL);
    irp->CurrentLocation--;
    at->DeviceObject = device;
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = 0;
    while (irp->CurrentLocation <= irp->StackCount) {
        PDEVICE_OBJECT above = irp->CurrentLocation < irp->StackCount ? at[1].DeviceObject : NULL;

        irp->CurrentLocation++;
        irp->Tail.Overlay.CurrentStackLocation++;
        if (at->CompletionRoutine != NULL && at->Control & SL_INVOKE_ON_ERROR &&
            at->CompletionRoutine(above, irp, at->Context) == STATUS_MORE_PROCESSING_REQUIRED)
            return status;
        at++;
    }
    if (irp->UserIosb != NULL)
        *irp->UserIosb = irp->IoStatus;
    if (irp->UserEvent != NULL)
        KeSetEvent(irp->UserEvent, IO_NO_INCREMENT, FALSE);
    if (irp->UserIosb != NULL)
        IoFreeIrp(irp);
    return status;
}

LIBRARY BOOLEAN IoCancelIrp(PIRP irp)
{
    PDRIVER_CANCEL routine;

    IoAcquireCancelSpinLock(&irp->CancelIrql);
    irp->Cancel = TRUE;
    routine = IoSetCancelRoutine(irp, NULL);
    if (routine == NULL) {
        IoReleaseCancelSpinLock(irp->CancelIrql);
        return FALSE;
    }
    /* Which releases the lock. */
    routine(IoGetCurrentIrpStackLocation(irp)->DeviceObject, irp);
    return TRUE;
}

LIBRARY NTSTATUS IoGetDeviceObjectPointer(PUNICODE_STRING name, ACCESS_MASK access, PFILE_OBJECT *file, PDEVICE_OBJECT *device)
{
    (void)name, (void)access;
    AT_MOST(PASSIVE_LEVEL);
    *file = NULL;
    *device = NULL;
    return STATUS_OBJECT_NAME_NOT_FOUND;
}

LIBRARY PDEVICE_OBJECT IoGetRelatedDeviceObject(PFILE_OBJECT file) { return file->DeviceObject; }

LIBRARY PDEVICE_OBJECT IoAttachDeviceToDeviceStack(PDEVICE_OBJECT source, PDEVICE_OBJECT target)
{
    source->StackSize = target->StackSize + 1;
    target->AttachedDevice = source;
    return target;
}

LIBRARY void IoDetachDevice(PDEVICE_OBJECT target) { target->AttachedDevice = NULL; }
