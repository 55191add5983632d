#include <cdio/cdio.h>
#include <cdio/iso9660.h>
