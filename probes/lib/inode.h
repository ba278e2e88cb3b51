/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What a record tells of an inode. */
#ifndef TOCSIN_PROBES_INODE_H
#define TOCSIN_PROBES_INODE_H

#include "probes/compat/compat.h"

#define S_IFMT 0170000
#define S_IALLUGO 07777
#define S_IFSOCK 0140000
#define S_IFDIR 0040000
#define SOCKFS_MAGIC 0x534f434b
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#define TMPFS_MAGIC 0x01021994
#define HUGETLBFS_MAGIC 0x958458f6
#define PIDFS_MAGIC 0x50494446

/* The file of a descriptor of the current task, or NULL. */
static __always_inline struct file *descriptor_file(__u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct file *file = NULL;

	if (fd < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}

/* A kernel dev_t (12 bits major, 20 bits minor) as stat(2) gives it: new_encode_dev(),
 * include/linux/kdev_t.h. */
static __always_inline __u32 device_number(dev_t dev)
{
	__u32 major = dev >> 20, minor = dev & 0xfffff;

	return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

static __always_inline __u32 inode_device(struct inode *inode)
{
	return device_number(BPF_CORE_READ(inode, i_sb, s_dev));
}

#define fill_inode_by(read, record, node)                                                          \
	({                                                                                         \
		struct inode *inode_ = (node);                                                     \
		umode_t mode_ = read(inode_, i_mode);                                              \
		(record)->ino = read(inode_, i_ino);                                               \
		(record)->dev = device_number(read(inode_, i_sb, s_dev));                          \
		(record)->mode = mode_ & S_IALLUGO;                                                \
		(record)->type = mode_ & S_IFMT;                                                   \
		(record)->owner = read(inode_, i_uid.val);                                         \
		(record)->nlink = read(inode_, i_nlink);                                           \
		(record)->magic = read(inode_, i_sb, s_magic);                                     \
	})

/* Fills the members of TC_INODE (schema/file.def). */
#define fill_inode(record, node) fill_inode_by(BPF_CORE_READ, record, node)
/* The same for an inode that known_read() takes. */
#define fill_known_inode(record, node) fill_inode_by(known_read, record, node)

/* Fills the members of TC_DIRECTORY. */
#define fill_directory(record, node)                                                               \
	({                                                                                         \
		struct inode *inode_ = (node);                                                     \
		(record)->dir_ino = BPF_CORE_READ(inode_, i_ino);                                  \
		(record)->dir_dev = inode_device(inode_);                                          \
	})

/* Of an inode that known_read() takes, as those below. */
static __always_inline bool inode_is_overlaid(struct inode *inode)
{
	return known_read(inode, i_sb, s_magic) == OVERLAYFS_SUPER_MAGIC;
}

/*
 * The file is in the upper layer of an overlay: made or changed since the image was mounted. struct
 * ovl_inode keeps the upper dentry right behind the inode that it embeds (fs/overlayfs/ovl_entry.h:
 * __upperdentry), on all kernels from v4.13 on; the type itself may be in a module without BTF.
 */
static __always_inline bool inode_in_upper_layer(struct inode *inode)
{
	void *upper = NULL;

	if (!inode_is_overlaid(inode))
		return false;
	bpf_probe_read_kernel(&upper, sizeof(upper),
			      (char *)inode + bpf_core_type_size(struct inode));
	return upper != NULL;
}

/*
 * The file is a memfd: on the kernel's own tmpfs or hugetlbfs mount, with a dentry that is its own
 * parent and a name that memfd_create(2) made ("memfd:..."). A user's file cannot be its own
 * parent.
 */
static __always_inline bool file_is_memfd(struct file *file)
{
	struct dentry *dentry = known_read(file, f_path.dentry);
	char start[6] = {};

	if (known_read(dentry, d_parent) != dentry)
		return false;
	bpf_probe_read_kernel(start, sizeof(start), known_read(dentry, d_name.name));
	return start[0] == 'm' && start[1] == 'e' && start[2] == 'm' && start[3] == 'f' &&
	       start[4] == 'd' && start[5] == ':';
}

#endif
