#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
