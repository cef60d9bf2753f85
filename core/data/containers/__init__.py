"""Files that hold many pictures: PDF documents, videos, volumes and DICOM files with frames."""
