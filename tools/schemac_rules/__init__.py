# SPDX-License-Identifier: Apache-2.0
"""Compiler of schema/rules/*.rules: validation rules as text to constant C tables. See schema/rules/README.md."""
