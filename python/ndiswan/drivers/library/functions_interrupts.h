/* Engine functions: interrupts. */
FUNCTION(NDIS_STATUS, NdisMRegisterInterrupt, (PNDIS_MINIPORT_INTERRUPT Interrupt, NDIS_HANDLE MiniportAdapterHandle, UINT InterruptVector, UINT InterruptLevel, BOOLEAN RequestIsr, BOOLEAN SharedInterrupt, NDIS_INTERRUPT_MODE InterruptMode), (Interrupt, MiniportAdapterHandle, InterruptVector, InterruptLevel, RequestIsr, SharedInterrupt, InterruptMode))
PROCEDURE(NdisMDeregisterInterrupt, (PNDIS_MINIPORT_INTERRUPT Interrupt), (Interrupt))
FUNCTION(BOOLEAN, NdisMSynchronizeWithInterrupt, (PNDIS_MINIPORT_INTERRUPT Interrupt, PVOID SynchronizeFunction, PVOID SynchronizeContext), (Interrupt, SynchronizeFunction, SynchronizeContext))
