/* <ntiologc.h>: codes of the error log. */
#ifndef NDISWAN_NTIOLOGC_H
#define NDISWAN_NTIOLOGC_H

#include "ntstatus.h"

#define IO_ERR_INTERRUPT_RESOURCE_CONFLICT ((NTSTATUS)0xC004001C)

#endif
