/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/descriptors.h - the .proto files, for reflection; made by the build. */
#ifndef API_GRPC_DESCRIPTORS_H
#define API_GRPC_DESCRIPTORS_H

#include <stddef.h>

/* A google.protobuf.FileDescriptorSet. */
extern const unsigned char descriptors[];
extern const size_t descriptors_len;

#endif
