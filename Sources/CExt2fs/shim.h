#include <et/com_err.h>
#include <ext2fs/ext2fs.h>
#include <e2p/e2p.h>

// libext2fs declares it as a variable, which Swift 6 does not let threads share.
static inline io_manager cext2fs_file_manager(void) { return unix_io_manager; }
