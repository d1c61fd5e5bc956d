/* Packets: the contiguous one of WAN, and the descriptor with a chain of buffers that LAN and NDISWAN's upper edge use. */
#ifndef NDISWAN_NDIS_PACKET_H
#define NDISWAN_NDIS_PACKET_H

#include "ndis_types.h"

typedef struct _NDIS_WAN_PACKET {
    LIST_ENTRY WanPacketQueue;
    PUCHAR CurrentBuffer;
    ULONG CurrentLength;
    PUCHAR StartBuffer, EndBuffer;
    PVOID ProtocolReserved1, ProtocolReserved2, ProtocolReserved3, ProtocolReserved4;
    PVOID MacReserved1, MacReserved2, MacReserved3, MacReserved4;
} NDIS_WAN_PACKET, *PNDIS_WAN_PACKET;

typedef NDIS_HANDLE PNDIS_PACKET_POOL;
typedef struct _NDIS_PACKET_PRIVATE {
    UINT PhysicalCount, TotalLength;
    PNDIS_BUFFER Head, Tail;
    PNDIS_PACKET_POOL Pool;
    UINT Count;
    ULONG Flags;
    BOOLEAN ValidCounts;
    UCHAR NdisPacketFlags;
    USHORT NdisPacketOobOffset;
} NDIS_PACKET_PRIVATE, *PNDIS_PACKET_PRIVATE;
typedef struct _NDIS_PACKET {
    NDIS_PACKET_PRIVATE Private;
    union {
        struct { UCHAR MiniportReserved[2 * sizeof(PVOID)]; UCHAR WrapperReserved[2 * sizeof(PVOID)]; };
        struct { UCHAR MiniportReservedEx[3 * sizeof(PVOID)]; UCHAR WrapperReservedEx[sizeof(PVOID)]; };
        UCHAR MacReserved[4 * sizeof(PVOID)];
    };
    ULONG_PTR Reserved[2];
    UCHAR ProtocolReserved[1];
} NDIS_PACKET, *PNDIS_PACKET, **PPNDIS_PACKET;

typedef enum _NDIS_CLASS_ID {
    NdisClass802_3Priority, NdisClassWirelessWanMbxMailbox, NdisClassIrdaPacketInfo, NdisClassAtmAALInfo
} NDIS_CLASS_ID;
typedef struct _MEDIA_SPECIFIC_INFORMATION {
    UINT NextEntryOffset;
    NDIS_CLASS_ID ClassId;
    UINT Size;
    UCHAR ClassInformation[1];
} MEDIA_SPECIFIC_INFORMATION, *PMEDIA_SPECIFIC_INFORMATION;
typedef struct _NDIS_PACKET_OOB_DATA {
    union { ULONGLONG TimeToSend, TimeSent; };
    ULONGLONG TimeReceived;
    UINT HeaderSize, SizeMediaSpecificInfo;
    PVOID MediaSpecificInformation;
    NDIS_STATUS Status;
} NDIS_PACKET_OOB_DATA, *PNDIS_PACKET_OOB_DATA;
typedef enum _NDIS_PER_PACKET_INFO {
    TcpIpChecksumPacketInfo, IpSecPacketInfo, TcpLargeSendPacketInfo, ClassificationHandlePacketInfo, NdisReserved,
    ScatterGatherListPacketInfo, Ieee8021QInfo, OriginalPacketInfo, PacketCancelId, OriginalNetBufferList, CachedNetBufferList,
    ShortPacketPaddingInfo, MaxPerPacketInfo
} NDIS_PER_PACKET_INFO, *PNDIS_PER_PACKET_INFO;
typedef struct _NDIS_PACKET_8021Q_INFO {
    union { struct { UINT UserPriority : 3, CanonicalFormatId : 1, VlanId : 12, Reserved : 16; } TagHeader; PVOID Value; };
} NDIS_PACKET_8021Q_INFO, *PNDIS_PACKET_8021Q_INFO;
typedef struct _NDIS_PACKET_EXTENSION { PVOID NdisPacketInfo[MaxPerPacketInfo]; } NDIS_PACKET_EXTENSION, *PNDIS_PACKET_EXTENSION;

#define fPACKET_WRAPPER_RESERVED 0x3F
#define fPACKET_CONTAINS_MEDIA_SPECIFIC_INFO 0x40
#define fPACKET_ALLOCATED_BY_NDIS 0x80
#define PROTOCOL_RESERVED_SIZE_IN_PACKET (4 * sizeof(PVOID))
#define NDIS_OOB_DATA_FROM_PACKET(packet) ((PNDIS_PACKET_OOB_DATA)((PUCHAR)(packet) + (packet)->Private.NdisPacketOobOffset))
#define NDIS_PACKET_EXTENSION_FROM_PACKET(packet) ((PNDIS_PACKET_EXTENSION)(NDIS_OOB_DATA_FROM_PACKET(packet) + 1))
#define NDIS_PER_PACKET_INFO_FROM_PACKET(packet, which) (NDIS_PACKET_EXTENSION_FROM_PACKET(packet)->NdisPacketInfo[(which)])
#define NDIS_GET_PACKET_HEADER_SIZE(packet) (NDIS_OOB_DATA_FROM_PACKET(packet)->HeaderSize)
#define NDIS_GET_PACKET_STATUS(packet) (NDIS_OOB_DATA_FROM_PACKET(packet)->Status)
#define NDIS_GET_PACKET_TIME_TO_SEND(packet) (NDIS_OOB_DATA_FROM_PACKET(packet)->TimeToSend)
#define NDIS_GET_PACKET_TIME_SENT(packet) (NDIS_OOB_DATA_FROM_PACKET(packet)->TimeSent)
#define NDIS_GET_PACKET_TIME_RECEIVED(packet) (NDIS_OOB_DATA_FROM_PACKET(packet)->TimeReceived)
#define NDIS_SET_PACKET_HEADER_SIZE(packet, size) (NDIS_OOB_DATA_FROM_PACKET(packet)->HeaderSize = (size))
#define NDIS_SET_PACKET_STATUS(packet, status) (NDIS_OOB_DATA_FROM_PACKET(packet)->Status = (status))
#define NDIS_SET_PACKET_TIME_TO_SEND(packet, time) (NDIS_OOB_DATA_FROM_PACKET(packet)->TimeToSend = (time))
#define NDIS_SET_PACKET_TIME_SENT(packet, time) (NDIS_OOB_DATA_FROM_PACKET(packet)->TimeSent = (time))
#define NDIS_SET_PACKET_TIME_RECEIVED(packet, time) (NDIS_OOB_DATA_FROM_PACKET(packet)->TimeReceived = (time))
#define NDIS_GET_ORIGINAL_PACKET(packet) NDIS_PER_PACKET_INFO_FROM_PACKET(packet, OriginalPacketInfo)
#define NDIS_SET_ORIGINAL_PACKET(packet, original) (NDIS_GET_ORIGINAL_PACKET(packet) = (original))
#define NDIS_GET_PACKET_CANCEL_ID(packet) NDIS_PER_PACKET_INFO_FROM_PACKET(packet, PacketCancelId)
#define NDIS_SET_PACKET_CANCEL_ID(packet, id) (NDIS_GET_PACKET_CANCEL_ID(packet) = (PVOID)(id))
#define NDIS_GET_PACKET_PROTOCOL_TYPE(packet) ((packet)->Private.Flags & NDIS_PROTOCOL_ID_MASK)
#define NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO(packet, information, size) \
    do { \
        BOOLEAN has_ = ((packet)->Private.NdisPacketFlags & fPACKET_CONTAINS_MEDIA_SPECIFIC_INFO) != 0; \
        *(information) = has_ ? NDIS_OOB_DATA_FROM_PACKET(packet)->MediaSpecificInformation : NULL; \
        *(size) = has_ ? NDIS_OOB_DATA_FROM_PACKET(packet)->SizeMediaSpecificInfo : 0; \
    } while (0)
#define NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO(packet, information, size) \
    do { \
        (packet)->Private.NdisPacketFlags |= (information) ? fPACKET_CONTAINS_MEDIA_SPECIFIC_INFO : 0; \
        NDIS_OOB_DATA_FROM_PACKET(packet)->MediaSpecificInformation = (information); \
        NDIS_OOB_DATA_FROM_PACKET(packet)->SizeMediaSpecificInfo = (size); \
    } while (0)

#define NdisSetPacketFlags(packet, flags) ((packet)->Private.Flags |= (flags))
#define NdisClearPacketFlags(packet, flags) ((packet)->Private.Flags &= ~(ULONG)(flags))
#define NdisGetPacketFlags(packet) ((packet)->Private.Flags)
#define NdisSetSendFlags(packet, flags) ((packet)->Private.Flags = (flags))
#define NdisQuerySendFlags(packet, flags) (*(flags) = (packet)->Private.Flags)
#define NdisSetPacketCancelId(packet, id) NDIS_SET_PACKET_CANCEL_ID(packet, id)
#define NdisGetPacketCancelId(packet) NDIS_GET_PACKET_CANCEL_ID(packet)
#define NdisRecalculatePacketCounts(packet) ((packet)->Private.ValidCounts = FALSE)
#define NdisReinitializePacket(packet) ((packet)->Private.Head = NULL, (packet)->Private.ValidCounts = FALSE)
#define NDIS_PACKET_FIRST_NDIS_BUFFER(packet) ((packet)->Private.Head)
#define NDIS_PACKET_LAST_NDIS_BUFFER(packet) ((packet)->Private.Tail)
#define NDIS_PACKET_VALID_COUNTS(packet) ((packet)->Private.ValidCounts)
#define NDIS_BUFFER_LINKAGE(buffer) ((buffer)->Next)
#define NDIS_BUFFER_TO_SPAN_PAGES(buffer) ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(buffer), MmGetMdlByteCount(buffer))
#define NdisGetNextBuffer(buffer, next) (*(next) = (buffer)->Next)
#define NdisBufferLength(buffer) MmGetMdlByteCount(buffer)
#define NdisBufferVirtualAddress(buffer) MmGetSystemAddressForMdl(buffer)
#define NdisBufferVirtualAddressSafe(buffer, priority) MmGetSystemAddressForMdlSafe(buffer, priority)
#define NdisAdjustBufferLength(buffer, length) ((buffer)->ByteCount = (length))
#define NdisFlushBuffer(buffer, to_device) ((void)0)

#endif
