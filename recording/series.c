/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/series.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tc_series {
	char *given;
	bool is_directory;
	struct tc_audit_files files; /* of a directory */
	size_t next;		     /* the file that is opened next */
	char path[PATH_MAX];
	struct tc_recording *recording; /* the last one */
	struct tc_audit_place place;	/* of it */
	uint64_t bytes, offset;		/* of all; of those before the last one */
};

static int look(struct tc_series *series)
{
	struct stat stat_;
	int error;

	if (strcmp(series->given, "-") == 0)
		return 0;
	if (stat(series->given, &stat_) < 0)
		return -errno;
	series->is_directory = S_ISDIR(stat_.st_mode);
	if (S_ISREG(stat_.st_mode))
		series->bytes = (uint64_t)stat_.st_size;
	if (!series->is_directory)
		return 0;
	error = tc_audit_files_list(series->given, &series->files);
	for (size_t i = 0; i < series->files.count; i++)
		series->bytes += series->files.items[i].bytes;
	return error < 0 ? error : series->files.count ? 0 : -ENODATA;
}

int tc_series_open(const char *path, struct tc_series **ret_series)
{
	struct tc_series *series = calloc(1, sizeof(*series));
	int error = -ENOMEM;

	if (series)
		series->given = strdup(path);
	if (series && series->given)
		error = look(series);
	if (error < 0) {
		tc_series_close(series);
		return error;
	}
	*ret_series = series;
	return 0;
}

void tc_series_close(struct tc_series *series)
{
	if (!series)
		return;
	tc_recording_close(series->recording);
	tc_audit_files_done(&series->files);
	free(series->given);
	free(series);
}

static const char *file_at(struct tc_series *series, size_t index)
{
	if (!series->is_directory)
		snprintf(series->path, sizeof(series->path), "%s", series->given);
	else
		tc_audit_path(series->given, series->files.items[index].number, series->path);
	return series->path;
}

/* When a segment began, since the epoch; UINT64_MAX when it cannot be read. */
static uint64_t beginning_of(struct tc_series *series, size_t index)
{
	struct tc_recording_fault fault;
	struct tc_recording *recording;
	const struct tc_named_list *header;
	uint64_t time_ns;

	if (tc_recording_open_file(file_at(series, index), &recording, &fault) < 0)
		return UINT64_MAX;
	header = tc_recording_header(recording);
	time_ns = tc_named_number(header, "now_ns", 0) +
		  tc_named_number(header, "real_minus_boot_ns", 0);
	tc_recording_close(recording);
	return time_ns;
}

int tc_series_skip(struct tc_series *series, uint64_t until_ns)
{
	size_t low = 0, high = series->files.count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (beginning_of(series, middle) <= until_ns)
			low = middle;
		else
			high = middle;
	}
	/* tc_series_next() counts the one before. */
	for (; series->next < low; series->next++)
		if (series->next)
			series->offset += series->files.items[series->next - 1].bytes;
	return 0;
}

/* Whether a segment goes on where the one before it ended, of which nothing is missing. */
static bool continues(const struct tc_audit_place *before, const struct tc_audit_place *place,
		      const struct tc_recording *recording)
{
	return recording && tc_recording_end(recording) == TC_RECORDING_WHOLE && place->segment &&
	       place->segment == before->segment + 1 &&
	       place->first_segment == before->first_segment;
}

int tc_series_next(struct tc_series *series, struct tc_recording **ret_recording,
		   bool *ret_continues, struct tc_recording_fault *ret_fault)
{
	struct tc_audit_place place;
	struct tc_recording *recording;
	int error;

	if (series->next == (series->is_directory ? series->files.count : 1))
		return 0;
	if (series->next && series->is_directory)
		series->offset += series->files.items[series->next - 1].bytes;
	error = tc_recording_open_file(file_at(series, series->next++), &recording, ret_fault);
	if (error < 0) {
		tc_recording_close(series->recording);
		series->recording = NULL;
		return error;
	}
	tc_audit_place_get(tc_recording_header(recording), &place);
	*ret_continues = continues(&series->place, &place, series->recording);
	tc_recording_close(series->recording);
	series->recording = recording;
	series->place = place;
	*ret_recording = recording;
	return 1;
}

const char *tc_series_path(const struct tc_series *series)
{
	return series->path[0] ? series->path : series->given;
}

uint64_t tc_series_bytes(const struct tc_series *series)
{
	return series->bytes;
}

uint64_t tc_series_offset(const struct tc_series *series)
{
	return series->offset + (series->recording ? tc_recording_offset(series->recording) : 0);
}
