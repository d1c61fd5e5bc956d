#include "..\INC\MYTYPES.H"
#include <ndis.h>
ULONG OtherUnit(int n) { return n * n; }
Implicit() { return 7; }
