/* TAPI requests and events of a WAN miniport. Handles are as wide as a pointer, and so are the parameters of an event. */
#ifndef NDISWAN_NDISTAPI_H
#define NDISWAN_NDISTAPI_H

#include "ndis.h"
#include "tapi.h"
#include "ndistapi_status.h"

#ifndef NDIS_TAPI_CURRENT_VERSION
#define NDIS_TAPI_CURRENT_VERSION 0x00010003
#endif
#define CO_TAPI_VERSION NDIS_TAPI_CURRENT_VERSION

#include "ndistapi_line.h"

typedef ULONG_PTR HTAPI_LINE, HDRV_LINE, HTAPI_CALL, HDRV_CALL;

typedef struct _NDIS_TAPI_ANSWER {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulUserUserInfoSize;
    UCHAR UserUserInfo[1];
} NDIS_TAPI_ANSWER, *PNDIS_TAPI_ANSWER;
typedef struct _NDIS_TAPI_CLOSE {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
} NDIS_TAPI_CLOSE, *PNDIS_TAPI_CLOSE;
typedef struct _NDIS_TAPI_CLOSE_CALL {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
} NDIS_TAPI_CLOSE_CALL, *PNDIS_TAPI_CLOSE_CALL;
typedef struct _NDIS_TAPI_CONDITIONAL_MEDIA_DETECTION {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    ULONG ulMediaModes;
    LINE_CALL_PARAMS LineCallParams;
} NDIS_TAPI_CONDITIONAL_MEDIA_DETECTION, *PNDIS_TAPI_CONDITIONAL_MEDIA_DETECTION;
typedef struct _NDIS_TAPI_DROP {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulUserUserInfoSize;
    UCHAR UserUserInfo[1];
} NDIS_TAPI_DROP, *PNDIS_TAPI_DROP;
typedef struct _NDIS_TAPI_PROVIDER_SHUTDOWN { ULONG ulRequestID; } NDIS_TAPI_PROVIDER_SHUTDOWN, *PNDIS_TAPI_PROVIDER_SHUTDOWN;
typedef struct _NDIS_TAPI_SET_APP_SPECIFIC {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulAppSpecific;
} NDIS_TAPI_SET_APP_SPECIFIC, *PNDIS_TAPI_SET_APP_SPECIFIC;
typedef struct _NDIS_TAPI_SET_CALL_PARAMS {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulBearerMode, ulMinRate, ulMaxRate;
    BOOLEAN bSetLineDialParams;
    LINE_DIAL_PARAMS LineDialParams;
} NDIS_TAPI_SET_CALL_PARAMS, *PNDIS_TAPI_SET_CALL_PARAMS;
typedef struct _NDIS_TAPI_SET_DEFAULT_MEDIA_DETECTION {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    ULONG ulMediaModes;
} NDIS_TAPI_SET_DEFAULT_MEDIA_DETECTION, *PNDIS_TAPI_SET_DEFAULT_MEDIA_DETECTION;
typedef struct _NDIS_TAPI_SET_DEV_CONFIG {
    ULONG ulRequestID, ulDeviceID, ulDeviceClassSize, ulDeviceClassOffset, ulDeviceConfigSize;
    UCHAR DeviceConfig[1];
} NDIS_TAPI_SET_DEV_CONFIG, *PNDIS_TAPI_SET_DEV_CONFIG;
typedef struct _NDIS_TAPI_SET_MEDIA_MODE {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulMediaMode;
} NDIS_TAPI_SET_MEDIA_MODE, *PNDIS_TAPI_SET_MEDIA_MODE;
typedef struct _NDIS_TAPI_SET_STATUS_MESSAGES {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    ULONG ulLineStates, ulAddressStates;
} NDIS_TAPI_SET_STATUS_MESSAGES, *PNDIS_TAPI_SET_STATUS_MESSAGES;
typedef struct _NDIS_TAPI_ACCEPT {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulUserUserInfoSize;
    UCHAR UserUserInfo[1];
} NDIS_TAPI_ACCEPT, *PNDIS_TAPI_ACCEPT;
typedef struct _NDIS_TAPI_DIAL {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulDestAddressSize;
    CHAR szDestAddress[1];
} NDIS_TAPI_DIAL, *PNDIS_TAPI_DIAL;
typedef struct _NDIS_TAPI_EVENT {
    HTAPI_LINE htLine;
    HTAPI_CALL htCall;
    ULONG ulMsg;
    ULONG_PTR ulParam1, ulParam2, ulParam3;
} NDIS_TAPI_EVENT, *PNDIS_TAPI_EVENT;
typedef struct _NDIS_TAPI_OPEN {
    ULONG ulRequestID, ulDeviceID;
    HTAPI_LINE htLine;
    HDRV_LINE hdLine;
} NDIS_TAPI_OPEN, *PNDIS_TAPI_OPEN;
typedef struct _NDIS_TAPI_SECURE_CALL {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
} NDIS_TAPI_SECURE_CALL, *PNDIS_TAPI_SECURE_CALL;
typedef struct _NDIS_TAPI_SELECT_EXT_VERSION {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    ULONG ulExtVersion;
} NDIS_TAPI_SELECT_EXT_VERSION, *PNDIS_TAPI_SELECT_EXT_VERSION;
typedef struct _NDIS_TAPI_SEND_USER_USER_INFO {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulUserUserInfoSize;
    UCHAR UserUserInfo[1];
} NDIS_TAPI_SEND_USER_USER_INFO, *PNDIS_TAPI_SEND_USER_USER_INFO;
typedef struct _NDIS_TAPI_CONFIG_DIALOG {
    ULONG ulRequestID, ulDeviceID, ulDeviceClassSize, ulDeviceClassOffset, ulLibraryNameTotalSize, ulLibraryNameNeededSize;
    CHAR szLibraryName[1];
} NDIS_TAPI_CONFIG_DIALOG, *PNDIS_TAPI_CONFIG_DIALOG;
typedef struct _NDIS_TAPI_DEV_SPECIFIC {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    ULONG ulAddressID;
    HDRV_CALL hdCall;
    ULONG ulParamsSize;
    UCHAR Params[1];
} NDIS_TAPI_DEV_SPECIFIC, *PNDIS_TAPI_DEV_SPECIFIC;
typedef struct _NDIS_TAPI_GET_ADDRESS_CAPS {
    ULONG ulRequestID, ulDeviceID, ulAddressID, ulExtVersion;
    LINE_ADDRESS_CAPS LineAddressCaps;
} NDIS_TAPI_GET_ADDRESS_CAPS, *PNDIS_TAPI_GET_ADDRESS_CAPS;
typedef struct _NDIS_TAPI_GET_ADDRESS_ID {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    ULONG ulAddressID, ulAddressMode, ulAddressSize;
    CHAR szAddress[1];
} NDIS_TAPI_GET_ADDRESS_ID, *PNDIS_TAPI_GET_ADDRESS_ID;
typedef struct _NDIS_TAPI_GET_ADDRESS_STATUS {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    ULONG ulAddressID;
    LINE_ADDRESS_STATUS LineAddressStatus;
} NDIS_TAPI_GET_ADDRESS_STATUS, *PNDIS_TAPI_GET_ADDRESS_STATUS;
typedef struct _NDIS_TAPI_GET_CALL_ADDRESS_ID {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    ULONG ulAddressID;
} NDIS_TAPI_GET_CALL_ADDRESS_ID, *PNDIS_TAPI_GET_CALL_ADDRESS_ID;
typedef struct _NDIS_TAPI_GET_CALL_INFO {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    LINE_CALL_INFO LineCallInfo;
} NDIS_TAPI_GET_CALL_INFO, *PNDIS_TAPI_GET_CALL_INFO;
typedef struct _NDIS_TAPI_GET_CALL_STATUS {
    ULONG ulRequestID;
    HDRV_CALL hdCall;
    LINE_CALL_STATUS LineCallStatus;
} NDIS_TAPI_GET_CALL_STATUS, *PNDIS_TAPI_GET_CALL_STATUS;
typedef struct _NDIS_TAPI_GET_DEV_CAPS {
    ULONG ulRequestID, ulDeviceID, ulExtVersion;
    LINE_DEV_CAPS LineDevCaps;
} NDIS_TAPI_GET_DEV_CAPS, *PNDIS_TAPI_GET_DEV_CAPS;
typedef struct _NDIS_TAPI_GET_DEV_CONFIG {
    ULONG ulRequestID, ulDeviceID, ulDeviceClassSize, ulDeviceClassOffset;
    VAR_STRING DeviceConfig;
} NDIS_TAPI_GET_DEV_CONFIG, *PNDIS_TAPI_GET_DEV_CONFIG;
typedef struct _NDIS_TAPI_GET_EXTENSION_ID {
    ULONG ulRequestID, ulDeviceID;
    LINE_EXTENSION_ID LineExtensionID;
} NDIS_TAPI_GET_EXTENSION_ID, *PNDIS_TAPI_GET_EXTENSION_ID;
typedef struct _NDIS_TAPI_GET_ID {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    ULONG ulAddressID;
    HDRV_CALL hdCall;
    ULONG ulSelect, ulDeviceClassSize, ulDeviceClassOffset;
    VAR_STRING DeviceID;
} NDIS_TAPI_GET_ID, *PNDIS_TAPI_GET_ID;
typedef struct _NDIS_TAPI_GET_LINE_DEV_STATUS {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    LINE_DEV_STATUS LineDevStatus;
} NDIS_TAPI_GET_LINE_DEV_STATUS, *PNDIS_TAPI_GET_LINE_DEV_STATUS;
typedef struct _NDIS_TAPI_MAKE_CALL {
    ULONG ulRequestID;
    HDRV_LINE hdLine;
    HTAPI_CALL htCall;
    HDRV_CALL hdCall;
    ULONG ulDestAddressSize, ulDestAddressOffset;
    BOOLEAN bUseDefaultLineCallParams;
    LINE_CALL_PARAMS LineCallParams;
} NDIS_TAPI_MAKE_CALL, *PNDIS_TAPI_MAKE_CALL;
typedef struct _NDIS_TAPI_NEGOTIATE_EXT_VERSION {
    ULONG ulRequestID, ulDeviceID, ulLowVersion, ulHighVersion, ulExtVersion;
} NDIS_TAPI_NEGOTIATE_EXT_VERSION, *PNDIS_TAPI_NEGOTIATE_EXT_VERSION;
typedef struct _NDIS_TAPI_PROVIDER_INITIALIZE {
    ULONG ulRequestID, ulDeviceIDBase, ulNumLineDevs, ulProviderID;
} NDIS_TAPI_PROVIDER_INITIALIZE, *PNDIS_TAPI_PROVIDER_INITIALIZE;

#endif
