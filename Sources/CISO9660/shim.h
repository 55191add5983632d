#include <cdio/bytesex.h>
#include <cdio/iso9660.h>
#include <cdio/logging.h>
