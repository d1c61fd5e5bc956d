/* Every function that the engine implements, once: FUNCTION(type, name, (parameters), (arguments)), PROCEDURE for those without a value.
 * The headers declare what stands here, library.c makes a stub of each, and the engine finds its slot by name. No include guard:
 * who includes this defines the two macros first. */
#include "functions_system.h"
#include "functions_driver.h"
#include "functions_memory.h"
#include "functions_locks.h"
#include "functions_interrupts.h"
#include "functions_ports.h"
#include "functions_wan.h"
